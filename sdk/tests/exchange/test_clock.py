from __future__ import annotations

from tradectl_sdk.exchange import ClockEstimate, ClockSample


def test_the_offset_is_taken_from_the_middle_of_the_round_trip() -> None:
    sample = ClockSample(sent=1_000, venue=5_100, received=1_201)

    assert sample.offset == 4_000
    assert sample.uncertainty == 101


def test_the_quickest_of_several_answers_counts_and_old_ones_are_forgotten() -> None:
    clock = ClockEstimate()
    assert clock.best is None
    clock.add(0, 500, 10)
    clock.add(100, 900, 400)
    assert clock.best == ClockSample(0, 500, 10)
    for start in range(1_000, 17_000, 1_000):
        clock.add(start, start + 495, start + 100)

    assert clock.best == ClockSample(16_000, 16_495, 16_100)


def test_when_a_clock_was_set_what_was_measured_before_is_forgotten() -> None:
    clock = ClockEstimate()
    clock.add(0, 500, 10)
    clock.add(1_000, 9_000, 1_400)

    assert clock.best == ClockSample(1_000, 9_000, 1_400)


def test_slow_drift_is_no_contradiction() -> None:
    clock = ClockEstimate()
    clock.add(0, 500, 10)
    later = 10_000_000
    clock.add(later, later + 1_400, later + 40)

    assert clock.best == ClockSample(0, 500, 10)
