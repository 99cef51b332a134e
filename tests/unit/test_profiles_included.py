"""Policies that profiles include: looked up, merged in order, and their mistakes told in place."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.model.errors import SettingError
from oms_import.profiles.included import (
    Policies,
    builtin_policies,
    checked_policy,
    policy_text,
)
from oms_import.profiles.load import find_profile, load_profile, parse_profile
from oms_import.profiles.merging import merged
from oms_import.profiles.model import Profile, Rules
from oms_import.validate.policy import policy_of
from oms_import.workspace_files import POLICY_TEXT

ROOT = Path(__file__).parents[2]


class Space:
    """A workspace's profiles and policies as files."""

    def __init__(self, root: Path) -> None:
        self.profiles, self.policies = root / "profiles", root / "policies"
        self.profiles.mkdir()
        self.policies.mkdir()

    def policy(self, name: str, text: str) -> None:
        (self.policies / f"{name}.toml").write_text(text, "utf-8")

    def rules(self, text: str) -> Rules:
        return self.profile(text).rules

    def profile(self, text: str) -> Profile:
        path = self.profiles / "shop.toml"
        path.write_text(text, "utf-8")
        return load_profile(path)

    def refused(self, text: str) -> list[str]:
        with pytest.raises(SettingError) as caught:
            self.profile(text)
        folder = f"{self.policies.parent}/"
        return [line.replace(folder, "") for line in caught.value.message.splitlines()]


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path)


def said(rules: Rules) -> dict[str, Any]:
    return rules.model_dump(mode="json", exclude_defaults=True)


def test_the_built_in_policies_say_what_they_are_and_are_mirrored() -> None:
    assert builtin_policies() == ("b2b-strict", "b2c-strict", "marketplace-lenient")
    for name in builtin_policies():
        text = policy_text(name)
        assert text.startswith("# ")
        assert checked_policy(name, None).title
        assert (ROOT / "policies" / f"{name}.toml").read_text("utf-8") == text
        policy_of(Rules(segment={"b2b": checked_policy(name, None)}))


def test_later_policies_go_before_earlier_ones_and_the_profile_before_all(space: Space) -> None:
    space.policy(
        "one",
        'required = ["po_number", "ship_to"]\ntotal_tolerance = "0.05"\n'
        '[severity]\nQTY_INVALID = "hold"\nSHIP_WINDOW = "off"\n'
        "[limits]\nstated_total = { min = 1, max = 10 }\n",
    )
    space.policy("two", 'required = "line.title"\nseverity.SHIP_WINDOW = "error"\n')
    rules = space.rules(
        '[rules]\ninclude = ["one", "two"]\nrequired = ["line.gtin", "ship_to"]\n'
        "limits.stated_total.max = 20\n"
    )
    assert said(rules) == {
        "include": ["one", "two"],
        "required": ["po_number", "ship_to", "line.title", "line.gtin"],
        "limits": {"stated_total": {"min": 1.0, "max": 20.0}},
        "severity": {"QTY_INVALID": "hold", "SHIP_WINDOW": "error"},
        "total_tolerance": "0.05",
    }


def test_what_a_policy_asks_for_can_be_taken_away(space: Space) -> None:
    space.policy(
        "strict",
        'required = ["po_number", "ship_to"]\noptional = ["line.unit_price"]\n'
        '[allowed]\ncurrency = ["EUR"]\n[limits]\nstated_total = { min = 1, max = 9 }\n',
    )
    rules = space.rules(
        '[rules]\ninclude = "strict"\noptional = "po_number"\nrequired = "line.unit_price"\n'
        "[rules.allowed]\ncurrency = []\n[rules.limits]\nstated_total = { max = inf }\n"
    )
    assert rules.required == ("ship_to", "line.unit_price")
    assert rules.optional == ("po_number",)
    assert rules.allowed == {"currency": ()}
    assert said(rules)["limits"] == {"stated_total": {"min": 1.0}}
    checks = {rule.name for rule in policy_of(rules).rules}
    assert "VALUE_NOT_ALLOWED currency" not in checks


def test_a_policy_goes_before_the_profile_that_is_extended(space: Space) -> None:
    """amazon-orders excuses prices; a policy that is included by name is meant."""
    space.policy("priced", 'required = ["line.unit_price"]\n')
    rules = space.rules('extends = "amazon-orders"\n[rules]\ninclude = ["priced"]\n')
    assert (rules.required, rules.optional) == (("line.unit_price",), ())
    rules = space.rules(
        'extends = "amazon-orders"\n[rules]\ninclude = ["priced"]\noptional = ["line.unit_price"]\n'
    )
    assert (rules.required, rules.optional) == ((), ("line.unit_price",))


def test_a_segment_includes_policies_of_its_own(space: Space) -> None:
    space.policy("house", 'required = ["ship_to"]\n[segment.B2B]\nrequired = ["line.gtin"]\n')
    rules = space.rules(
        '[rules]\ninclude = ["house"]\n'
        '[rules.segment.b2b]\ninclude = ["b2b-strict"]\noptional = ["po_number"]\n'
        '[rules.segment.b2c]\ninclude = ["b2c-strict"]\n'
    )
    assert rules.required == ("ship_to",)
    business = next(own for name, own in rules.segment.items() if name.casefold() == "b2b")
    assert business.required[:2] == ("line.gtin", "ship_to")
    assert "po_number" not in business.required
    assert business.severity["TOTAL_MISMATCH"] == "hold"
    assert rules.segment["b2c"].severity["POSTCODE_FORMAT"] == "hold"
    assert len(rules.segment) == 2


def test_policies_include_policies_and_two_may_include_the_same(space: Space) -> None:
    space.policy("base", 'required = ["po_number"]\nseverity.SHIP_WINDOW = "off"\n')
    space.policy("left", 'include = ["base"]\nrequired = ["line.title"]\n')
    space.policy("right", 'include = ["base"]\nseverity.SHIP_WINDOW = "hold"\n')
    rules = space.rules('[rules]\ninclude = ["right", "left"]\n')
    assert rules.required == ("po_number", "line.title")
    assert rules.severity == {"SHIP_WINDOW": "off"}
    assert rules.include == ("right", "left")


def test_a_workspaces_policy_goes_before_a_built_in_one_of_its_name(space: Space) -> None:
    space.policy("b2b-strict", 'title = "Ours"\n')
    assert space.rules('[rules]\ninclude = ["b2b-strict"]\n').required == ()
    assert checked_policy("b2b-strict", space.policies).title == "Ours"
    assert Policies(space.policies).names() == list(builtin_policies())


def test_a_profile_from_elsewhere_includes_the_workspaces_policies(
    space: Space, tmp_path: Path
) -> None:
    space.policy("house", 'required = ["line.title"]\n')
    draft = tmp_path / "drafts" / "deep" / "shop.toml"
    draft.parent.mkdir(parents=True)
    draft.write_text('rules.include = ["house"]\n')
    assert find_profile(str(draft), space.profiles).rules.required == ("line.title",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[rules]\ninclude = ["b2b-strct"]\n',
            [("profiles/shop.toml, line 2: rules.include: there is no policy 'b2b-strct'; "
             "did you mean b2b-strict?")],
        ),
        (
            '[rules.segment.b2b]\nrequired = []\ninclude = ["hause", "../house"]\n',
            [("profiles/shop.toml, line 3: rules.segment.b2b.include: there is no policy 'hause'; "
             "did you mean house?"),
             ("profiles/shop.toml, line 3: rules.segment.b2b.include: there is no policy "
             "'../house'; did you mean house?")],
        ),
        (
            '[rules.segment.b2b]\ninclude = ["house"]\n',
            [("profiles/shop.toml, line 2: rules.segment.b2b.include: a policy with segment is for "
             "the whole channel: include it in [rules]"),
             ("profiles/shop.toml, line 2: rules.segment.b2b.include: a policy with "
             "total_tolerance is for the whole channel: include it in [rules]")],
        ),
        (
            '[rules]\ninclude = ["wrong", "not-toml", "round"]\n',
            [("policies/wrong.toml, line 4: severity.QTY_MISSING: must be 'error', 'hold', "
             "'warning', 'info' or 'off' (it says 'fatal')"),
             "policies/wrong.toml, line 2: requird: is no key here; did you mean required?",
             "policies/not-toml.toml, line 1: not valid TOML: Invalid value (column 9)",
             ("policies/circle.toml, line 1: include: policies include each other: "
             "round → circle → round")],
        ),
        (
            'titel = "A"\n[rules]\ninclude = ["unknown"]\n',
            ["profiles/shop.toml, line 1: titel: is no key here; did you mean title?",
             "profiles/shop.toml, line 3: rules.include: there is no policy 'unknown'"],
        ),
        (
            '[rules]\ninclude = ["fields"]\n',
            [("policies/fields.toml, line 3: severity.QTY_MISING: no such reason code; did you "
             "mean QTY_MISSING?"),
             ("policies/fields.toml, line 1: required: no field 'ship_to.mail'; did you mean "
             "ship_to.email?"),
             ("policies/fields.toml, line 1: required: 'line.sku | po_number': fields of lines and "
             "of orders cannot stand for each other")],
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_file_line_key_and_nearest_name(
    space: Space, text: str, told: list[str]
) -> None:
    space.policy("house", 'total_tolerance = "0.1"\n[segment.b2b]\nrequired = ["po_number"]\n')
    space.policy("wrong", '# a comment\nrequird = []\n[severity]\nQTY_MISSING = "fatal"\n')
    space.policy("not-toml", "title = Ours\n")
    space.policy("round", 'include = ["circle"]\n')
    space.policy("circle", 'include = ["round"]\n')
    space.policy(
        "fields",
        'required = ["ship_to.mail", "line.sku | po_number"]\n[severity]\nQTY_MISING = "hold"\n',
    )
    assert space.refused(text) == told


def test_a_policy_of_no_such_name_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="did you mean b2c-strict"):
        checked_policy("b2c-stric", None)


def test_segments_that_differ_in_case_only_are_refused(space: Space) -> None:
    [told] = space.refused("[rules.segment.b2b]\n[rules.segment.B2B]\n")
    assert told.endswith("rules.segment.B2B: is the segment b2b again: case does not matter")


MAP = '[order]\nsegment = { from = "Kind", map = { W = "b2b" }'


@pytest.mark.parametrize(
    "text",
    [
        MAP + " }\n",
        MAP + ', other = "=B2C", default = "vip" }\n',
        '[order]\nsegment = { const = "b2b" }\n',
        '[defaults]\nsegment = "b2b"\n',
        '[[partner]]\nsender = "1"\nsegment = "b2b"\n',
    ],
)
def test_rules_of_a_segment_that_no_order_can_have_are_told(space: Space, text: str) -> None:
    [told] = space.refused(text + "[rules.segment.b2bb]\n")
    assert "rules.segment.b2bb: orders never have this segment, only b2b" in told
    assert told.endswith("; did you mean b2b?")
    space.policy("house", "[segment.wholesale]\n")  # of other channels that share the policy
    space.rules(text + '[rules]\ninclude = ["house"]\n[rules.segment.B2B]\n')


@pytest.mark.parametrize("text", ['[order]\nsegment = "Kind"\n', MAP + ', other = "keep" }\n', ""])
def test_any_segment_may_have_rules_where_the_file_says_which_there_are(
    space: Space, text: str
) -> None:
    assert "x" in space.rules(text + "[rules.segment.x]\n").segment


def test_what_is_recorded_of_a_profile_holds_the_policies_it_included(space: Space) -> None:
    """Runs keep this JSON: a changed policy is another text, and the text needs no policy."""
    space.policy("house", 'required = ["line.title"]\n[limits]\nstated_total = { max = inf }\n')
    profile = space.profile('[rules]\ninclude = ["house"]\n')
    text = profile.model_dump_json(by_alias=True, exclude_defaults=True)
    assert Profile.model_validate(json.loads(text)).rules.required == ("line.title",)
    space.policy("house", 'required = ["line.gtin"]\n')
    again = space.profile('[rules]\ninclude = ["house"]\n')
    assert again.model_dump_json(by_alias=True, exclude_defaults=True) != text


def test_every_commented_key_of_the_example_is_a_real_one(space: Space) -> None:
    space.policy("house", POLICY_TEXT)
    assert said(space.rules('rules.include = ["house"]\n')) == {
        "include": ["house"],
        "segment": {"b2b": {}},
    }
    head, _, rest = POLICY_TEXT.partition("title =")
    lines = (f"title ={rest}").splitlines()
    space.policy(
        "house", "\n".join(one.removeprefix("# ") if " = " in one else one for one in lines)
    )
    assert head.startswith("# A policy")
    rules = space.rules('rules.include = ["house"]\n')
    assert rules.limits["stated_total"].max == 5000
    assert "po_number" in rules.segment["b2b"].required


FIELDS = st.lists(st.sampled_from(["po_number", "ship_to", "line.gtin", "line.sku"]), max_size=3)
LIMITS = st.fixed_dictionaries({}, optional={"min": st.just(1), "max": st.sampled_from([5, 9])})
SETS = st.fixed_dictionaries(
    {},
    optional={
        "required": FIELDS,
        "optional": FIELDS,
        "allowed": st.dictionaries(st.sampled_from(["currency", "line.uom"]), FIELDS, max_size=2),
        "limits": st.dictionaries(st.just("stated_total"), LIMITS),
        "severity": st.dictionaries(
            st.sampled_from(["QTY_MISSING", "SHIP_WINDOW"]), st.sampled_from(["hold", "off"])
        ),
    },
)
SEGMENTS = st.dictionaries(st.sampled_from(["b2b", "B2B", "b2c"]), SETS, max_size=1)
MORE = st.sampled_from([dict[str, str](), {"total_tolerance": "0.05"}, {"total_tolerance": "1"}])


def made(own: dict[str, Any], segment: dict[str, Any], more: dict[str, str]) -> Rules:
    return Rules.model_validate({**own, "segment": segment, **more})


RULES = st.builds(made, SETS, SEGMENTS, MORE)


def meaning(rules: Rules) -> dict[str, Any]:
    """What rules say, without the order of lists and the case of segments."""
    found = rules.model_dump()
    found["segment"] = {name.casefold(): own for name, own in found["segment"].items()}
    for one in (found, *found["segment"].values()):
        one |= {key: set(one[key]) for key in ("required", "optional")}
    return found


@given(st.lists(RULES, min_size=3, max_size=3))
def test_it_does_not_matter_in_which_groups_policies_are_merged(rules: list[Rules]) -> None:
    first, second, third = rules
    assert meaning(merged(first, merged(second, third))) == meaning(reduce(merged, rules))


@given(RULES)
def test_merging_with_nothing_or_with_itself_changes_nothing(rules: Rules) -> None:
    assert meaning(merged(rules, Rules())) == meaning(rules)
    assert meaning(merged(Rules(), rules)) == meaning(rules)
    assert meaning(merged(rules, rules)) == meaning(rules)


@given(RULES, RULES)
def test_of_each_thing_the_last_that_is_said_counts(below: Rules, above: Rules) -> None:
    both = merged(below, above)
    assert set(above.required) <= set(both.required)
    assert not (set(above.optional) - set(above.required)) & set(both.required)
    assert set(below.required) - set(above.optional) <= set(both.required)
    assert both.severity == {**below.severity, **above.severity}
    for name, limit in above.limits.items():
        assert limit.max is None or both.limits[name].max == limit.max


@given(RULES)
def test_a_profile_without_policies_means_what_it_says(rules: Rules) -> None:
    text = json.dumps(rules.model_dump(mode="json", exclude_unset=True))
    profile = parse_profile(f"rules = {_inline(json.loads(text))}\n", "shop.toml", "shop")
    assert meaning(profile.rules) == meaning(rules)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}" = {_inline(one)}' for key, one in value.items())
        return "{" + inner + "}"
    return json.dumps(value)
