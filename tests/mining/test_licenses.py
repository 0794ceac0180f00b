"""Detection of licenses in texts that are wrapped, marked up, combined or similar."""

import pytest
from tests.mining.license_texts import (
    AGPL3,
    APACHE,
    BSD2,
    BSD3,
    BSD4,
    GPL2,
    GPL3,
    ISC,
    LGPL21,
    MIT,
    ZLIB,
)

from themis_rm.mining.license_expressions import is_accepted
from themis_rm.mining.licenses import (
    LICENSES,
    OPEN_LICENSES,
    is_choice_text,
    licenses_in,
    names_in,
    stated_license,
    tags_in,
)


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        (MIT, "MIT"), (BSD2, "BSD-2-Clause"), (BSD3, "BSD-3-Clause"), (BSD4, "BSD-4-Clause"), (ISC, "ISC"),
        (APACHE, "Apache-2.0"), ('Licensed under the Apache License, Version 2.0 (the "License")', "Apache-2.0"),
        ("CC0 1.0 Universal", "CC0-1.0"), ("Eclipse Public License - v 1.0", "EPL-1.0"),
        ("Eclipse Public License - v 2.0", "EPL-2.0"), ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"), (AGPL3, "AGPL-3.0"),
        (LGPL21, "LGPL-2.1"), ("The Artistic License 2.0", "Artistic-2.0"), (GPL2, "GPL-2.0"), (GPL3, "GPL-3.0"),
        (MIT + "The Software shall be used for Good, not Evil.", "JSON"),
        (ZLIB, "Zlib"), ("Boost Software License - Version 1.0", "BSL-1.0"), (ISC.partition(" is hereby")[0], "0BSD"),
        ("Attribution 4.0 International", "CC-BY-4.0"), ("GNU Free Documentation License", "GFDL-1.3"),
    ],
)  # fmt: skip
def test_each_license_is_detected(text, spdx):
    assert licenses_in(text) == [spdx]


def test_line_breaks_markup_and_case_do_not_matter():
    assert licenses_in("> **" + MIT.upper().replace(" ", "\n> ") + "**") == ["MIT"]


def test_an_additional_condition_is_detected():
    licenses = licenses_in('"Commons Clause" License Condition v1.0\n' + MIT)
    assert licenses == ["LicenseRef-Commons-Clause", "MIT"]
    assert not is_accepted(" AND ".join(licenses), OPEN_LICENSES)


def test_licenses_of_bundled_parts_do_not_rule():
    assert licenses_in(MIT + "The externally maintained libraries that are used:\n" + BSD3) == ["MIT"]
    assert licenses_in(MIT + BSD3) == ["MIT", "BSD-3-Clause"]


def test_licenses_of_documents_do_not_rule_next_to_code():
    assert licenses_in(MIT + "The manual is under the Attribution 4.0 International license.") == ["MIT"]


@pytest.mark.parametrize(
    ("line", "expression"),
    [
        ("# SPDX-License-Identifier: MIT", "MIT"), ("/* SPDX-License-Identifier: GPL-3.0-or-later */", "GPL-3.0"),
        ("// SPDX-License-Identifier: (mit OR Apache-2.0)", "(MIT OR Apache-2.0)"),
        ("<!-- SPDX-License-Identifier: ISC -->", "ISC"), ("; SPDX-License-Identifier: No-Such", "unknown"),
    ],
)  # fmt: skip
def test_tags_are_expressions(line, expression):
    assert tags_in(f"{line}\nmore\n") == [expression]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("Released under the MIT license.", "MIT"), ("Licensed under the terms of the GPLv2.", "GPL-2.0"),
        ("Dual licensed under the MIT or GPL licenses.", "MIT OR GPL-1.0"),
        ("The tool is distributed under the Apache License, Version 2.0.", "Apache-2.0"),
        ("Parts are licensed under the MIT license.", None), ("All rights reserved.", None),
        ("This project is dual-licensed under the Unlicense and MIT licenses.", "Unlicense OR MIT"),
        ("Licensed under MIT and Apache-2.0.", "MIT AND Apache-2.0"), ("The submit button", None),
    ],
)  # fmt: skip
def test_sentences_state_a_license(text, expression):
    assert stated_license(text) == expression


def test_a_name_alone_is_a_statement_where_all_of_the_text_is_about_the_license():
    assert stated_license("MIT") is None
    assert stated_license("MIT", whole=True) == "MIT"
    assert names_in("BSD 3-Clause, or the zlib/libpng license") == ["BSD-3-Clause", "Zlib"]


def test_any_later_version_offers_only_one_license():
    assert not is_choice_text("either version 2 of the License, or (at your option) any later version")
    assert is_choice_text("at your option, one of these licenses")


def test_the_open_licenses_are_those_of_the_specification():
    assert set(OPEN_LICENSES) == {
        "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "EPL-1.0", "MPL-2.0", "Unlicense",
        "AGPL-3.0", "LGPL-2.1", "Artistic-2.0",
    }  # fmt: skip
    assert len({row.spdx for row in LICENSES}) == len(LICENSES)
