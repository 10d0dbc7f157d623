"""A study's books: held in memory, and written to a journal that Optuna can read as its own.

Optuna's journal storage writes an entry for each word said of a trial and reads it back before it
believes it, which took longer than a short trial. Here what is in memory counts; the journal is
read once, when a study is opened. Entries are gathered and written together when a trial's row
comes, so that whoever kills the process loses at most the trials whose rows have not come.

Imported on use: it needs Optuna.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.storages import InMemoryStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.distributions import BaseDistribution

    from tradectl_sdk.pipelines.optimizing.journal import JournalFile

_WRITER = "tradectl"  # Optuna wants to know which of several processes wrote an entry


class Books(InMemoryStorage):
    """Optuna's books of one study.

    Args:
        journal: Where they are written; what it holds already is taken over.

    Raises:
        KeyError: If an entry of the journal lacks something, or speaks of a trial that is none.
        ValueError: If a value is none.
    """

    def __init__(self, journal: JournalFile) -> None:
        super().__init__()
        self._journal: JournalFile | None = None  # which is not told what it tells
        self._texts: dict[BaseDistribution, str] = {}
        self._spaces: dict[str, BaseDistribution] = {}
        for entry in journal.entries():
            self._take(entry)
        self._journal = journal

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Begin the study."""
        number: int = super().create_new_study(directions, study_name)
        of_study = {"study_name": study_name, "directions": [int(each) for each in directions]}
        self._say(JournalOperation.CREATE_STUDY, of_study)
        return number

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Note what a sampler keeps of the study."""
        super().set_study_system_attr(study_id, key, value)
        self._say(
            JournalOperation.SET_STUDY_SYSTEM_ATTR,
            {"study_id": study_id, "system_attr": {key: value}},
        )

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Begin a trial, with its point if that is known."""
        number: int = super().create_new_trial(study_id, template_trial)
        entry: dict[str, Any] = {"study_id": study_id, "datetime_start": _now()}
        if template_trial is not None:
            spaces = template_trial.distributions
            entry["state"] = int(template_trial.state)
            entry["distributions"] = {name: self._text(one) for name, one in spaces.items()}
            entry["params"] = {
                name: spaces[name].to_internal_repr(value)
                for name, value in template_trial.params.items()
            }
            if template_trial.system_attrs:
                entry["system_attrs"] = dict(template_trial.system_attrs)
        self._say(JournalOperation.CREATE_TRIAL, entry)
        return number

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: Any
    ) -> None:
        """Note one coordinate of a trial's point."""
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        entry = {"param_name": param_name, "param_value_internal": param_value_internal}
        entry |= {"distribution": self._text(distribution), "trial_id": trial_id}
        self._say(JournalOperation.SET_TRIAL_PARAM, entry)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Note that a trial is over."""
        done: bool = super().set_trial_state_values(trial_id, state, values)
        entry = {"trial_id": trial_id, "state": int(state), "values": values}
        moment = "datetime_complete" if state.is_finished() else "datetime_start"
        self._say(JournalOperation.SET_TRIAL_STATE_VALUES, {**entry, moment: _now()})
        return done

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Note how a trial does over a part of the bars."""
        super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        entry = {"trial_id": trial_id, "step": step, "intermediate_value": intermediate_value}
        self._say(JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE, entry)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Note the row of a trial, and write down all that is not."""
        super().set_trial_user_attr(trial_id, key, value)
        entry = {"trial_id": trial_id, "user_attr": {key: value}}
        self._say(JournalOperation.SET_TRIAL_USER_ATTR, entry)
        if self._journal is not None:
            self._journal.write()

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Note what a sampler keeps of a trial, or by how much it misses a limit."""
        super().set_trial_system_attr(trial_id, key, value)
        entry = {"trial_id": trial_id, "system_attr": {key: value}}
        self._say(JournalOperation.SET_TRIAL_SYSTEM_ATTR, entry)

    def _say(self, what: JournalOperation, entry: Mapping[str, Any]) -> None:
        if self._journal is not None:
            self._journal.add({"op_code": int(what), "worker_id": _WRITER, **entry})

    def _text(self, distribution: BaseDistribution) -> str:
        """The distribution as Optuna writes it; the same few come again and again."""
        text = self._texts.get(distribution)
        if text is None:
            text = self._texts[distribution] = distribution_to_json(distribution)
        return text

    def _space(self, text: str) -> BaseDistribution:
        space = self._spaces.get(text)
        if space is None:
            space = self._spaces[text] = json_to_distribution(text)
        return space

    def _take(self, entry: Mapping[str, Any]) -> None:
        """Do what an entry of the journal says was done."""
        match JournalOperation(entry["op_code"]):
            case JournalOperation.CREATE_STUDY:
                directions = [StudyDirection(each) for each in entry["directions"]]
                self.create_new_study(directions, entry["study_name"])
            case JournalOperation.SET_STUDY_SYSTEM_ATTR:
                ((key, value),) = entry["system_attr"].items()
                self.set_study_system_attr(entry["study_id"], key, value)
            case JournalOperation.CREATE_TRIAL:
                self.create_new_trial(entry["study_id"], self._template(entry))
            case JournalOperation.SET_TRIAL_PARAM:
                space = self._space(entry["distribution"])
                name, value = entry["param_name"], entry["param_value_internal"]
                self.set_trial_param(entry["trial_id"], name, value, space)
            case JournalOperation.SET_TRIAL_STATE_VALUES:
                state = TrialState(entry["state"])
                self.set_trial_state_values(entry["trial_id"], state, entry["values"])
            case JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE:
                step, value = entry["step"], entry["intermediate_value"]
                self.set_trial_intermediate_value(entry["trial_id"], step, value)
            case JournalOperation.SET_TRIAL_USER_ATTR:
                ((key, value),) = entry["user_attr"].items()
                self.set_trial_user_attr(entry["trial_id"], key, value)
            case JournalOperation.SET_TRIAL_SYSTEM_ATTR:
                ((key, value),) = entry["system_attr"].items()
                self.set_trial_system_attr(entry["trial_id"], key, value)
            case other:
                raise ValueError(f"{other.name} is no entry of a study of ours")

    def _template(self, entry: Mapping[str, Any]) -> FrozenTrial | None:
        if "params" not in entry:
            return None
        spaces = {name: self._space(text) for name, text in entry["distributions"].items()}
        values = entry["params"].items()
        point = {k: spaces[k].to_external_repr(v) for k, v in values}
        return running_trial(point, spaces, entry.get("system_attrs", {}))


class _Begun(FrozenTrial):
    """A trial that nobody else has, so that books in memory need not copy it."""

    def __deepcopy__(self, memo: object) -> _Begun:
        return self

    def __copy__(self) -> _Begun:
        """Be copied as books do it for each word said of a trial, in a tenth of the time."""
        made = _Begun.__new__(_Begun)
        vars(made).update(vars(self))
        return made


def running_trial(
    point: Mapping[str, Any], spaces: Mapping[str, Any], notes: Mapping[str, Any]
) -> FrozenTrial:
    """Return a trial that is about to be made at a point, for a storage to begin.

    Args:
        point: The parameters.
        spaces: Their distributions.
        notes: What a sampler keeps of it.
    """
    return _Begun(
        number=-1,
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=dt.datetime.now(),  # noqa: DTZ005 - as Optuna has it
        datetime_complete=None,
        params=dict(point),
        distributions=dict(spaces),
        user_attrs={},
        system_attrs=dict(notes),
        intermediate_values={},
    )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
