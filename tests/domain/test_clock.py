"""Days in Shanghai, and a clock that no hand on the settings can move."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock
from app.domain.clock import DAY_MS, SystemClock, next_shanghai_midnight_ms, shanghai_day

SHANGHAI = timezone(timedelta(hours=8))
times_ms = st.integers(0, 4_102_444_800_000)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_day_changes_at_midnight_in_shanghai_and_not_at_midnight_utc() -> None:
    last = ms("2026-11-27T23:59:59.999+08:00")
    assert shanghai_day(last) != shanghai_day(last + 1)
    assert shanghai_day(ms("2026-11-27T23:59:59.999+00:00")) == shanghai_day(ms("2026-11-28T00:00:00+00:00"))


def test_day_is_counted_from_1970() -> None:
    assert shanghai_day(ms("1970-01-01T00:00:00+08:00")) == "0"
    assert shanghai_day(ms("1970-01-02T00:00:00+08:00")) == "1"


@given(times_ms)
def test_day_is_the_calendars(now_ms: int) -> None:
    date = datetime.fromtimestamp(now_ms / 1000, SHANGHAI).date()
    assert shanghai_day(now_ms) == str((date - datetime(1970, 1, 1, tzinfo=UTC).date()).days)


def test_midnight_itself_belongs_to_the_new_day_and_waits_a_whole_one() -> None:
    midnight = ms("2026-11-28T00:00:00+08:00")
    assert next_shanghai_midnight_ms(midnight - 1) == midnight
    assert next_shanghai_midnight_ms(midnight) == midnight + DAY_MS


@given(times_ms)
def test_next_midnight_begins_the_day_after_within_24_hours(now_ms: int) -> None:
    midnight = next_shanghai_midnight_ms(now_ms)
    assert 0 < midnight - now_ms <= DAY_MS
    assert int(shanghai_day(midnight)) == int(shanghai_day(now_ms)) + 1
    assert shanghai_day(midnight - 1) == shanghai_day(now_ms)


def test_step_of_the_wall_clock_moves_the_arenas_clock_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = {"wall_ns": 1_795_176_000_000_999_999, "monotonic_ns": 5_000_000_000}
    fake = SimpleNamespace(time_ns=lambda: machine["wall_ns"], monotonic_ns=lambda: machine["monotonic_ns"])
    monkeypatch.setattr(clock, "time", fake)
    arena = SystemClock()
    assert arena.now_ms() == 1_795_176_000_000
    machine["wall_ns"] -= 3_600_000_000_000
    assert arena.now_ms() == 1_795_176_000_000
    machine["monotonic_ns"] += 1_234_000_000
    assert arena.now_ms() == 1_795_176_001_234


def test_system_clock_tells_the_time_and_never_goes_back() -> None:
    arena = SystemClock()
    readings = [arena.now_ms() for _ in range(1000)]
    assert readings == sorted(readings)
    assert abs(readings[0] - datetime.now(UTC).timestamp() * 1000) < 5_000


class TestGoingOn:
    def test_a_start_behind_what_was_written_begins_there(self) -> None:
        clock = SystemClock()
        wall = clock.now_ms()
        clock.go_on_from(wall + 3_600_000)
        assert 3_600_000 <= clock.now_ms() - wall < 3_660_000

    def test_a_start_ahead_of_it_stays_where_it_is(self) -> None:
        clock = SystemClock()
        wall = clock.now_ms()
        clock.go_on_from(wall - 5)
        clock.go_on_from(0)
        assert 0 <= clock.now_ms() - wall < 60_000

    def test_what_was_written_in_another_year_is_not_followed(self) -> None:
        clock = SystemClock()
        wall = clock.now_ms()
        clock.go_on_from(wall + 2 * DAY_MS)
        assert 0 <= clock.now_ms() - wall < 60_000


def test_clock_that_was_set_goes_on_from_the_time_it_was_given() -> None:
    own = SystemClock()
    own.set_to(ms("2031-01-01T00:00:00+08:00"))
    assert 0 <= own.now_ms() - ms("2031-01-01T00:00:00+08:00") < 5_000
