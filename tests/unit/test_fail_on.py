"""`--fail-on`: the bounds people write, and what reaches them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.model.errors import SettingError
from oms_import.model.fail_on import parse
from oms_import.model.report import Totals


def totals(read: int = 100, rejected: int = 0, held: int = 0) -> Totals:
    return Totals(orders_read=read, orders_rejected=rejected, orders_held=held)


@pytest.mark.parametrize(
    ("text", "rejected", "held", "reached"),
    [
        ("any", 0, 0, False),
        ("any", 1, 0, True),
        ("any", 0, 1, True),
        ("none", 100, 0, False),
        ("none", 0, 100, False),
        ("rejects", 1, 0, True),
        ("rejects", 0, 9, False),
        ("rejects>5%", 5, 50, False),
        ("rejects>5%", 6, 0, True),
        ("rejects>=5%", 5, 0, True),
        ("rejects > 2.5 %", 3, 0, True),
        ("rejected>10", 10, 0, False),
        ("REJECTS>10", 11, 0, True),
        ("held>0", 50, 0, False),
        ("held>0", 0, 1, True),
        ("any>2%", 1, 1, False),
        ("any>2%", 2, 1, True),
    ],
)
def test_a_bound_is_reached_only_beyond_it(
    text: str, rejected: int, held: int, reached: bool
) -> None:
    assert parse(text).reached(totals(rejected=rejected, held=held)) is reached


@pytest.mark.parametrize(
    "text", ["", "sometimes", "rejects>", "rejects<5", "5%", "held>-1", "any>1e9"]
)
def test_a_bound_nobody_can_read_names_the_forms_that_work(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(text)
    assert "rejects>5%" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["any", "rejects>5%", "held>=0", "rejects>=0%"])
def test_a_run_that_read_nothing_never_fails_by_its_orders(text: str) -> None:
    assert not parse(text).reached(totals(read=0))


@given(read=st.integers(1, 10**9), percent=st.integers(0, 100), data=st.data())
def test_a_share_is_exact_at_any_size(read: int, percent: int, data: st.DataObject) -> None:
    rejected = data.draw(st.integers(0, read))
    assert parse(f"rejects>{percent}%").reached(totals(read, rejected)) == (
        rejected * 100 > percent * read
    )
