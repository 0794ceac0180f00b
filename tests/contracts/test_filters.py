"""Checks that every registered filter of curation passes, those of plugins included."""

import pickle
import re

import pytest

from themis_rm.curation.filters import FILTERS, STAGES, FilterSettings
from themis_rm.curation.settings import CurateSettings
from themis_rm.pipeline import exclusion_writer
from themis_rm.settings import describe_settings

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
filters = pytest.mark.parametrize("item", list(FILTERS), ids=lambda item: item.name)


def build(item, tmp_path, stage):
    return item(item.Settings(), stage, exclusion_writer(tmp_path, stage.row_type.schema(), stage.exclusions))


@filters
def test_the_class_name_ends_in_filter(item):
    assert item.__name__.endswith("Filter")


@filters
def test_the_name_is_a_key_of_the_settings(item):
    assert item.name.isidentifier()
    assert isinstance(getattr(CurateSettings().filters, item.name), FilterSettings)


@filters
def test_every_setting_is_documented(item):
    assert [info.key for info in describe_settings(item.Settings) if not info.meaning] == []


@filters
def test_reasons_are_slugs_with_a_meaning(item):
    assert item.reasons
    assert all(SLUG.fullmatch(reason) and meaning for reason, meaning in item.reasons.items())


@filters
def test_the_filter_can_be_pickled_at_each_of_its_stages(item, tmp_path):
    assert item.stages
    for stage in item.stages:
        assert stage in STAGES
        assert type(pickle.loads(pickle.dumps(build(item, tmp_path, stage)))) is item


def test_a_reason_belongs_to_one_filter():
    reasons = [reason for item in FILTERS for reason in item.reasons]
    assert len(reasons) == len(set(reasons))


def test_the_order_is_unambiguous():
    orders = [item.order for item in FILTERS]
    assert len(orders) == len(set(orders))
