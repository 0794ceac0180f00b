"""Detection of licenses in texts that are wrapped, marked up, combined or similar."""

import pytest

from themis_rm.mining.licenses import (
    LICENSES,
    OPEN_LICENSES,
    are_accepted,
    detect_licenses,
    is_license_file,
    licenses_in,
)

MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software.\n"
    "The above copyright notice and this permission notice shall be included in all copies.\n"
)
BSD2 = (
    "Redistribution and use in source and binary forms, with or without modification, are permitted:\n"
    "1. Redistributions of source code must retain the above copyright notice.\n"
    "2. Redistributions in binary form must reproduce the above copyright notice.\n"
)
BSD3 = BSD2 + "3. Neither the name of the copyright holder nor the names of its contributors may be used.\n"
BSD4 = BSD3 + "All advertising materials mentioning features or use of this software must display this.\n"
ISC = (
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby\n"
    "granted, provided that the above copyright notice and this permission notice appear in all copies.\n"
)
APACHE = "Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n"
GPL3 = "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n... the GNU Affero General Public License ...\n"
GPL2 = "GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\n"
LGPL21 = "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999\n"
LGPL3 = "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"
AGPL3 = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n"


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
        ("SPDX-License-Identifier: MIT\n", "MIT"), ("SPDX-License-Identifier: GPL-3.0-or-later\n", "GPL-3.0"),
    ],
)  # fmt: skip
def test_each_license_is_detected(text, spdx):
    assert licenses_in(text) == [spdx]


def test_line_breaks_markup_and_case_do_not_matter():
    assert licenses_in("> **" + MIT.upper().replace(" ", "\n> ") + "**") == ["MIT"]


def test_an_additional_condition_is_detected():
    licenses = licenses_in('"Commons Clause" License Condition v1.0\n' + MIT)
    assert licenses == ["LicenseRef-Commons-Clause", "MIT"]
    assert not are_accepted(licenses, OPEN_LICENSES)


def test_a_gpl_file_next_to_the_lgpl_is_part_of_the_lgpl():
    assert detect_licenses({"COPYING": GPL2, "COPYING.LESSER": LGPL21}) == ["LGPL-2.1"]
    assert detect_licenses({"COPYING": GPL3, "COPYING.LESSER": LGPL3}) == ["LGPL-3.0"]


def test_all_of_several_licenses_must_be_accepted():
    licenses = detect_licenses({"LICENSE-MIT": MIT, "LICENSE-GPL": GPL3})
    assert licenses == ["GPL-3.0", "MIT"]
    assert not are_accepted(licenses, OPEN_LICENSES)
    assert are_accepted(detect_licenses({"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}), OPEN_LICENSES)


def test_a_missing_and_an_unknown_license_are_distinguished_and_not_accepted():
    assert detect_licenses({}) == ["none"]
    assert detect_licenses({"LICENSE": "All rights reserved."}) == ["unknown"]
    assert not are_accepted(["none"], OPEN_LICENSES)
    assert not are_accepted(["unknown"], OPEN_LICENSES)


def test_an_unknown_license_in_addition_to_an_open_one_is_reported():
    assert detect_licenses({"LICENSE": MIT, "LICENSE.enterprise": "All rights reserved. Ask for a price."}) == [
        "MIT",
        "unknown",
    ]


def test_a_list_of_copyright_holders_is_ignored():
    assert detect_licenses({"LICENSE": MIT, "COPYRIGHT": "Copyright 2020 A and B"}) == ["MIT"]


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "licence.txt", "LICENSE.md", "COPYING", "COPYING.LESSER", "MIT-LICENSE", "LICENSE-APACHE", "UNLICENSE",  # language: data
     "License.rst", "Licenses", "project.LICENSE"],
)  # fmt: skip
def test_license_files_are_recognized_by_name(name):
    assert is_license_file(name)


@pytest.mark.parametrize("name", ["license.py", "README.md", "licensing_test.go", "relicense.sh", "copyright.h"])
def test_other_files_are_not_license_files(name):
    assert not is_license_file(name)


def test_the_open_licenses_are_those_of_the_specification():
    assert set(OPEN_LICENSES) == {
        "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "EPL-1.0", "MPL-2.0", "Unlicense",
        "AGPL-3.0", "LGPL-2.1", "Artistic-2.0",
    }  # fmt: skip
    assert len({row.spdx for row in LICENSES}) == len(LICENSES)


def test_a_directory_of_licenses_is_used_if_there_is_no_file(history, mine):
    repo = history(license=None)
    repo.commit("Add the licenses", {"LICENSES/MIT.txt": MIT.encode(), "LICENSES/ISC.txt": ISC.encode()})
    repo.change()
    assert [row.license for row in mine(repo.path)[0]] == ["ISC AND MIT"]


def test_a_license_that_is_a_symlink_is_not_followed(history, mine):
    repo = history(license=None)
    (repo.path / "LICENSE").symlink_to("/etc/passwd")
    repo.change()
    assert mine(repo.path)[1].details["repositories"][0]["license"] == "none"
