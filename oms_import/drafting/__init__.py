"""Drafts of profiles: what one sample file tells of its format and of its columns."""
