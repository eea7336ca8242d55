"""What a user sees while waiting."""

from metapipe.galaxy.progress import DONE, FAILED, RUNNING, STOPPED, WAITING, Changes, Step, status_line, step_state


def test_the_worst_job_of_a_step_counts() -> None:
    assert step_state(["ok", "ok"]) == DONE
    assert step_state(["ok", "queued"]) == WAITING
    assert step_state(["running", "queued", "ok"]) == RUNNING
    assert step_state(["paused", "running"]) == STOPPED
    assert step_state(["error", "paused", "running"]) == FAILED


def test_a_state_galaxy_may_invent_later_counts_as_waiting() -> None:
    assert step_state(["some_new_state"]) == WAITING


def test_a_line_is_printed_when_a_step_starts_and_when_it_ends_and_not_in_between() -> None:
    changes = Changes()
    assert changes.lines([Step("Trim", WAITING), Step("Assemble", WAITING)], 0) == []
    assert changes.lines([Step("Trim", RUNNING), Step("Assemble", WAITING)], 3) == ["     0:03  Trim: running"]
    assert changes.lines([Step("Trim", RUNNING), Step("Assemble", WAITING)], 5) == []
    assert changes.lines([Step("Trim", DONE), Step("Assemble", FAILED)], 63) == [
        "     1:03  Trim: done (1:00)",
        "     1:03  Assemble: failed",
    ]


def test_steps_that_were_done_before_the_first_look_are_counted_in_one_line() -> None:
    changes = Changes()
    first = [Step("Trim", DONE), Step("Assemble", DONE), Step("Annotate", RUNNING)]
    assert changes.lines(first, 0) == ["  2 of 3 steps are done already", "     0:00  Annotate: running"]
    assert changes.lines([*first[:2], Step("Annotate", DONE)], 4) == ["     0:04  Annotate: done (0:04)"]


def test_the_moving_line_never_breaks_the_terminal_row() -> None:
    steps = [Step(f"A step with a long name, number {number}", RUNNING) for number in range(9)]
    line = status_line(steps, 4000, 60)
    assert len(line) == 60
    assert line.startswith("[0/9] 1:06:40  running: A step")
    assert line.endswith("…")
