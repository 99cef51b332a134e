"""EDI: interchanges of X12, EDIFACT, TRADACOMS and IDoc as frames of segments."""
