"""Texts of licenses, shortened to what identifies them."""

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
ZLIB = (
    "This software is provided 'as-is', without any express or implied warranty.\n"
    "2. Altered source versions must be plainly marked as such.\n"
)
AGPL3 = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n"
