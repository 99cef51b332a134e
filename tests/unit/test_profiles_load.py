from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.model.errors import SettingError
from oms_import.profiles.load import (
    builtin,
    builtin_names,
    channels,
    find_profile,
    load_profile,
    parse_profile,
)
from oms_import.profiles.model import Profile


def parsed(text: str) -> Profile:
    return parse_profile(text, "shop.toml", "shop")


def refused(text: str) -> list[str]:
    with pytest.raises(SettingError) as caught:
        parsed(text)
    return caught.value.message.splitlines()


def test_a_profile_is_named_by_its_file_unless_it_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "shop-a.toml").write_text('title = "A"\n')
    (tmp_path / "b.toml").write_text('name = "shop-b"\n')
    assert load_profile(tmp_path / "shop-a.toml").name == "shop-a"
    assert [one.name for one in channels(tmp_path)] == ["shop-a", "shop-b"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('title = "Ä"\n', "utf-8-sig")
    assert load_profile(tmp_path / "a.toml").title == "Ä"


@pytest.mark.parametrize("content", [b'title = "\xe4"\n', None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match=r"a\.toml cannot be read"):
        load_profile(path)


def test_extends_merges_tables_and_replaces_all_else() -> None:
    profile = parsed(
        'extends = "shopify-csv"\n'
        'tax = [{ amount = "Taxes", included = true }]\n'
        '[defaults]\nprice_basis = "gross"\ncurrency = "EUR"\n'
        '[order]\nsegment = "Tags"\nsource_status = []\n'
        '[order.status]\ndefault = "hold"\n'
    )
    base = builtin("shopify-csv")
    assert profile.name == "shop"
    assert profile.title == ""
    assert (profile.defaults.price_basis, profile.defaults.currency) == ("gross", "EUR")
    assert profile.order["segment"].from_ == ("Tags",)
    assert profile.order["source_status"].from_ == ()
    assert profile.order["order_number"] == base.order["order_number"]
    assert profile.order["status"].map == base.order["status"].map
    assert profile.order["status"].default == "hold"
    assert [tax.included for tax in profile.tax] == [True]
    assert profile.charge == base.charge


def test_extending_an_unknown_profile_names_the_nearest() -> None:
    [told] = refused('extends = "shopify"\n')
    assert told == (
        "shop.toml, line 1: extends: there is no built-in profile 'shopify'; "
        "did you mean shopify-csv?"
    )


def test_profiles_that_extend_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"a": 'extends = "b"\n', "b": 'extends = "a"\n'}
    monkeypatch.setattr("oms_import.profiles.load.builtin_names", lambda: ("a", "b"))
    monkeypatch.setattr("oms_import.profiles.load.builtin_text", texts.__getitem__)
    assert "extend each other" in refused('extends = "a"\n')[0]


def test_every_problem_is_told_with_its_line() -> None:
    told = refused(
        '[line]\nsku = "A"\nskuu = "B"\n'
        '[order]\norder_nr = "C"\n'
        "[defaults]\ncurrency = 3\n"
        '[formt]\nreader = "csv"\n'
    )
    assert sorted(told) == [
        "shop.toml, line 3: line.skuu: is no field of the canonical order; did you mean sku?",
        (
            "shop.toml, line 5: order.order_nr: is no field of the canonical order; "
            "did you mean order_number?"
        ),
        "shop.toml, line 7: defaults.currency: must be text in quotes (it says 3)",
        "shop.toml, line 8: formt: is no key here; did you mean format?",
    ]


@pytest.mark.parametrize("text", ["[order\n", 'a = "\n', "a = 1\na = 2\n"])
def test_what_is_not_toml_is_told_with_its_place(text: str) -> None:
    [told] = refused(text)
    assert told.startswith("shop.toml")
    assert "not valid TOML" in told


@pytest.mark.parametrize("key", ["password", "client_secret", "api_token", "apikey", "PASSWORD"])
def test_secrets_are_refused_wherever_they_stand(key: str) -> None:
    for text, line in (
        (f'[source]\n{key} = "x"\n', 2),
        (f'[[tax]]\namount = "T"\n{key} = "x"\n', 3),
    ):
        [told] = refused(text)
        assert f"line {line}" in told
        assert "environment" in told
        assert '"x"' not in told


def test_a_value_that_looks_like_a_secret_key_is_data() -> None:
    text = '[order.segment]\nfrom = "Kind"\nmap = { token = "b2b" }\n'
    assert parsed(text).order["segment"].map == {"token": "b2b"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[order]\npo_number = { from = "A", extract = "(?=x)" }', "not a regular expression"),
        ('[order]\npo_number = { from = "A", extract = "x" }', "no group 1"),
        ('[[charge]]\nkind = "fee"\namount = { from = "A", extract = "(" }', "charge[1].amount"),
        ('[rows]\nsummary = { column = "A", matches = "[" }', "rows.summary.matches"),
        ('[rows]\nfooter = [{ matches = "(a)", count_group = 2 }]', "no group 2"),
        ('[defaults]\ntimezone = "Europe/Berln"', "did you mean Europe/Berlin?"),
        ('[order]\nordered_at = { from = "A", zone = "UTC+2" }', "no time zone 'UTC+2'"),
        ('[order]\nordered_at = { from = "A", months = "pl" }', "none of en, de, fr"),
        ('[order]\nordered_at = { from = "A", formats = "%Q" }', "has %Q"),
        ('[order]\nordered_at = { from = "A", formats = "Y-m-d" }', "no % at all"),
        ('[defaults]\ncurrency = "Euro"', "ISO 4217"),
        ('[defaults]\ncountry = "USA"', "ISO 3166"),
        ('[format]\nencoding = "utf8-ish"', "no encoding"),
        ('[format]\ndelimiter = "tab"', "one character"),
        ('[format]\nquote = ""', "one character"),
        ('[lines]\nin = "columns"', "lines.columns: is missing"),
        ('[lines]\nin = "json"', "lines.column: is missing"),
        ('[order]\nstatus = { from = "A", map = { x = "canceled" } }', "did you mean cancelled?"),
        ('[order]\nstatus = { from = "A", map = {}, other = "=opn" }', "did you mean open?"),
        ('[order]\nstatus = { from = "A", other = "opn" }', "none of error, keep, blank"),
        ('[order]\nfulfilled_by = { const = "us" }', "none of seller, channel"),
        ("[order]\nstatus = {}", "has no source"),
        ('[rules]\nrequired = ["line.skuu"]', "did you mean line.sku?"),
        ('[rules]\noptional = "shipto"', "did you mean ship_to?"),
        ("[rules.limits]\nstated_totl = { max = 1 }", "did you mean stated_total?"),
        ("[rules.limits]\ncurrency = { max = 1 }", "it is no number"),
        ('[rules.allowed]\n"line.uomm" = ["EA"]', "did you mean line.uom?"),
        ('[rules.severity]\nQTY_MISING = "off"', "did you mean QTY_MISSING?"),
        ('[rules.segment.b2b.severity]\nQTY = "off"', "no such reason code"),
        ('[rules]\ntotal_tolerance = "five"', "an amount in quotes"),
        ('[duplicates]\nkey = "order_nr"', "no field 'order_nr' of orders"),
        ('[duplicates]\nignore = "price"', "did you mean prices?"),
        ('[[ignore]]\nfield = "stats"\nequals = "x"', "did you mean status?"),
        ('[[ignore]]\nfield = "status"\nequals = "canceled"', "did you mean cancelled?"),
        ('name = "a/b"', "no slashes"),
        ('name = ""', "not empty"),
    ],
)
def test_what_types_cannot_check_is_checked_too(text: str, wanted: str) -> None:
    [told] = refused(text + "\n")
    assert wanted in told
    assert ", line " in told


def test_two_files_for_one_channel_are_refused_with_both_names(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('name = "Shop"\n')
    (tmp_path / "b.toml").write_text('name = "shop"\naccount = "two"\n')
    with pytest.raises(SettingError, match=r"a\.toml and .*b\.toml: name"):
        channels(tmp_path)


def test_the_problems_of_all_channels_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("titel = 1\n")
    (tmp_path / "b.toml").write_text("[\n")
    with pytest.raises(SettingError) as caught:
        channels(tmp_path)
    assert "a.toml, line 1: titel" in caught.value.message
    assert "b.toml, line 1: not valid TOML" in caught.value.message


def test_a_profile_is_found_by_path_then_in_the_workspace_then_built_in(tmp_path: Path) -> None:
    path = tmp_path / "shopify-csv.toml"
    path.write_text('title = "ours"\n')
    (tmp_path / "x.toml").write_text('name = "till"\n')
    assert find_profile(str(path), None).title == "ours"
    assert find_profile("shopify-csv", tmp_path).title == "ours"
    assert find_profile("till", tmp_path).name == "till"
    assert find_profile("shopify-csv", None) == builtin("shopify-csv")
    with pytest.raises(SettingError, match="did you mean shopify-csv"):
        find_profile("shopify_csv", None)


def test_every_built_in_profile_can_be_extended_without_a_change() -> None:
    for name in builtin_names():
        ours = parsed(f'extends = "{name}"\n')
        base = builtin(name)
        same = {"name", "title", "extends"}
        assert ours.model_dump(exclude=same) == base.model_dump(exclude=same)


@given(st.text(max_size=60))
def test_any_text_is_a_profile_or_a_setting_error(text: str) -> None:
    try:
        parsed(text)
    except SettingError as error:
        assert error.message  # noqa: PT017 - nothing else may be raised


_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["from", "kind", "amount", "map", "status", "sku", "in"]),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=5,
)


@given(st.sampled_from([name for name in Profile.model_fields if name != "extends"]), _VALUES)
def test_any_value_of_any_key_is_taken_or_told(key: str, value: object) -> None:
    try:
        parsed(f"{key} = {as_toml(value)}\n")
    except SettingError as error:
        assert "shop.toml" in error.message  # noqa: PT017


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool) or value is None:
        return str(bool(value)).lower()
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(f"\\U{ord(c):08x}" for c in str(value)) + '"'


SFTP = """
[source]
kind = "sftp"
[source.sftp]
host = "sftp.example"
user = "orders"
"""


@pytest.mark.parametrize("value", ["${SFTP_PASSWORD}", "keyring:shop/orders", "file:keys/password"])
def test_a_reference_to_a_secret_may_stand_in_a_profile(value: str) -> None:
    assert parsed(f'{SFTP}password = "{value}"\n').source.sftp.password == value


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        'passphrase = "a${B}c"',
        'password = "keyring:hunter2"',
        'key = """-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2"""',
    ],
)
def test_a_secret_written_out_is_refused_and_not_quoted(line: str) -> None:
    told = "\n".join(refused(f"{SFTP}agent = true\n{line}\n"))
    assert "secrets never stand in a profile" in told
    assert "hunter2" not in told


def test_a_source_that_cannot_be_asked_is_told_by_the_profile() -> None:
    told = refused('[source]\nkind = "sftp"\npath = "x"\n')
    assert [one.partition("source.")[2] for one in told] == [
        "path: is for folders; the server's folder is source.sftp.path",
        "sftp.host: is missing",
        "sftp.user: is missing",
        "sftp: has no way to log in: say key, password or agent",
    ]
