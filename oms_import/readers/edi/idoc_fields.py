"""Field layouts of IDoc segments, as SAP documents them for ORDERS01 to ORDERS05 (WE60).

A segment type (E1EDK01) has versions (E2EDK01, E2EDK01001 … E2EDK01005) that only ever add fields
at the end, so one layout, the newest, reads them all: what an older version lacks is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

CONTROL_TAG = "EDI_DC40"
UNKNOWN = ("SDATA",)
"""Fields of a flat segment we have no layout for: its whole text."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Fields of a record, side by side: names and lengths in characters."""

    names: tuple[str, ...]
    lengths: tuple[int, ...]
    offsets: tuple[int, ...]  # where each begins, from 0

    def split(self, text: str, wanted: frozenset[str] | None = None) -> dict[str, str | None]:
        """One record's fields (or those wanted), trimmed on the right, empty ones null."""
        places = zip(self.names, self.offsets, self.lengths, strict=True)
        return {
            name: text[at : at + length].rstrip(" ") or None
            for name, at, length in places
            if wanted is None or name in wanted
        }


def _layout(text: str) -> Layout:
    """From `NAME length NAME length …`."""
    words = text.split()
    lengths = tuple(int(word) for word in words[1::2])
    return Layout(tuple(words[::2]), lengths, tuple(accumulate(lengths, initial=0))[:-1])


@dataclass(frozen=True, slots=True)
class Records:
    """How a version of the port writes records: the control record, and what leads each segment."""

    control: Layout
    lead: Layout  # of a data record, before SDATA
    length: int  # of a data record that is padded in full

    @property
    def sdata(self) -> int:
        """Where SDATA begins."""
        return sum(self.lead.lengths)

    @property
    def control_length(self) -> int:
        """Of the control record."""
        return sum(self.control.lengths)

    def place(self, name: str) -> tuple[int, int]:
        """Offset and length of a leading field."""
        at = self.lead.names.index(name)
        return self.lead.offsets[at], self.lead.lengths[at]


RELEASE_4 = Records(
    control=_layout("""
        TABNAM 10 MANDT 3 DOCNUM 16 DOCREL 4 STATUS 2 DIRECT 1 OUTMOD 1 EXPRSS 1 TEST 1
        IDOCTYP 30 CIMTYP 30 MESTYP 30 MESCOD 3 MESFCT 3 STD 1 STDVRS 6 STDMES 6
        SNDPOR 10 SNDPRT 2 SNDPFC 2 SNDPRN 10 SNDSAD 21 SNDLAD 70
        RCVPOR 10 RCVPRT 2 RCVPFC 2 RCVPRN 10 RCVSAD 21 RCVLAD 70
        CREDAT 8 CRETIM 6 REFINT 14 REFGRP 14 REFMES 14 ARCKEY 70 SERIAL 20
    """),
    lead=_layout("SEGNAM 30 MANDT 3 DOCNUM 16 SEGNUM 6 PSGNUM 6 HLEVEL 2"),
    length=1063,
)
"""Record types EDI_DC40 (524 characters) and EDI_DD40 (1063): release 4.0 and later."""

RELEASE_3 = Records(
    control=_layout("""
        TABNAM 10 MANDT 3 DOCNUM 16 DOCREL 4 STATUS 2 DOCTYP 8 DIRECT 1
        RCVPOR 10 RCVPRT 2 RCVPRN 10 RCVSAD 21 RCVLAD 70 STD 1 STDVRS 6 STDMES 6 MESCOD 3 MESFCT 3
        OUTMOD 1 TEST 1 SNDPOR 10 SNDPRT 2 SNDPRN 10 SNDSAD 21 SNDLAD 70
        REFINT 14 REFGRP 14 REFMES 14 ARCKEY 70 CREDAT 8 CRETIM 6 MESTYP 6 IDOCTYP 8 CIMTYP 8
        RCVPFC 2 SNDPFC 2 SERIAL 20 EXPRSS 1
    """),
    lead=_layout("TABNAM 10 MANDT 3 DOCNUM 16 SEGNUM 6 SEGNAM 10 PSGNUM 6 HLEVEL 2 DTINT2 2"),
    length=1055,
)
"""Record types EDI_DC (464 characters) and EDI_DD (1055): release 3.x, port version 2."""

CONTROL_FIELDS = RELEASE_4.control.names

_PARTNER = """
    PARVW 3 PARTN 17 LIFNR 17 NAME1 35 NAME2 35 NAME3 35 NAME4 35 STRAS 35 STRS2 35 PFACH 35
    ORT01 35 COUNC 9 PSTLZ 9 PSTL2 9 LAND1 3 ABLAD 35 PERNR 30 PARNR 30 TELF1 25 TELF2 25 TELBX 25
    TELFX 25 TELTX 25 TELX1 25 SPRAS 1 ANRED 15 ORT02 35 HAUSN 6 STOCK 6 REGIO 3 PARGE 1 ISOAL 2
    ISONU 2 FCODE 20 IHREZ 30 BNAME 35 PAORG 30 ORGTX 35 PAGRU 30
"""
_PARTNER_LATER = "KNREF 30 ILNNR 70 PFORT 35 SPRAS_ISO 2 TITLE 15"
_REFERENCE = "QUALF 3 BELNR 35 {line} 6 DATUM 8 UZEIT 6"
_DATE = "IDDAT 3 DATUM 8 UZEIT 6"
_TAX = "MWSKZ 7 MSATZ 17 MWSBT 18 TXJCD 15 KTEXT 50"
_CONDITION = """
    ALCKZ 3 KSCHL 4 KOTXT 80 BETRG 18 KPERC 8 KRATE 15 UPRBS 9 MEAUN 3 KOBTR 18
"""
_DELIVERY = "QUALF 3 LKOND 3 LKTEXT 70"
_PAYMENT = "QUALF 3 TAGE 8 PRZNT 8"
_ADDITIONAL = "QUALZ 3 CUSADD 35 CUSADD_BEZ 40"
_OBJECT = "QUALF 3 IDTNR 35 KTEXT 70"

_TEXTS: dict[str, str] = {
    "E1EDK01": """
        ACTION 3 KZABS 1 CURCY 3 HWAER 3 WKURS 12 ZTERM 17 KUNDEUINR 20 EIGENUINR 20 BSART 4
        BELNR 35 NTGEW 18 BRGEW 18 GEWEI 3 FKART_RL 4 ABLAD 25 BSTZD 4 VSART 2 VSART_BEZ 20
        RECIPNT_NO 10 KZAZU 1 AUTLF 1 AUGRU 3 AUGRU_BEZ 40 ABRVW 3 ABRVW_BEZ 20 FKTYP 1 LIFSK 2
        LIFSK_BEZ 20 EMPST 25 ABTNR 4 DELCO 3 WKURS_M 12 LANDTX 3 STCEG_L 3
    """,
    "E1EDK14": "QUALF 3 ORGID 35",
    "E1EDK03": _DATE,
    "E1EDK04": _TAX,
    "E1EDK05": f"{_CONDITION} MWSKZ 7 MSATZ 17 KOEIN 3",
    "E1EDKA1": f"{_PARTNER} {_PARTNER_LATER}",
    "E1EDKA3": "QUALP 3 STDPN 70",
    "E1EDK02": _REFERENCE.format(line="POSNR"),
    "E1EDK17": _DELIVERY,
    "E1EDK18": f"{_PAYMENT} ZTERM_TXT 70",
    "E1EDK35": _ADDITIONAL,
    "E1EDK36": "CCINS 4 CCNUM 25 EXDATBI 8 CCNAME 40 FAKWR 18",
    "E1EDKT1": "TDID 4 TSSPRAS 3 TSSPRAS_ISO 2 TDOBJECT 10 TDOBNAME 70",
    "E1EDKT2": "TDLINE 70 TDFORMAT 2",
    "E1EDP01": """
        POSEX 6 ACTION 3 PSTYP 1 KZABS 1 MENGE 15 MENEE 3 BMNG2 15 PMENE 3 ABFTZ 7 VPREI 15 PEINH 9
        NETWR 18 ANETW 18 SKFBP 18 NTGEW 18 GEWEI 3 EINKZ 1 CURCY 3 PREIS 18 MATKL 9 UEPOS 6
        GRKOR 3 EVERS 7 BPUMN 6 BPUMZ 6 ABGRU 2 ABGRT 40 ANTLF 1 FIXMG 1 KZAZU 1 BRGEW 18 PSTYV 4
        EMPST 25 ABTNR 4 ABRVW 3 WERKS 4 LPRIO 2 LPRIO_BEZ 20 ROUTE 6 ROUTE_BEZ 40 LGORT 4 VSTEL 4
        DELCO 3 MATNR 35 VALTG 2 HIPOS 6 HIEVW 1 POSGUID 22 MATNR_EXTERNAL 40 MATNR_VERSION 10
        MATNR_GUID 32 IUID_RELEVANT 1 SGT_RCAT 16 SGT_SCAT 16 HANDOVERLOC 10 MATNR_LONG 40
        REQ_SEG_LONG 40 STK_SEG_LONG 40 EXPECTED_VALUE 31 LIMIT_AMOUNT 31
    """,
    "E1EDP02": f"{_REFERENCE.format(line='ZEILE')} BSARK 35 IHREZ 30",
    "E1EDP03": _DATE,
    "E1EDP04": _TAX,
    "E1EDP05": f"{_CONDITION} MENGE 15 PREIS 15 MWSKZ 7 MSATZ 17 KOEIN 3 CURTP 2 KOBAS 18",
    "E1EDP17": f"{_DELIVERY} LPRIO 2",
    "E1EDP18": f"{_PAYMENT} ZTERM_TXT 70",
    "E1EDP19": f"""
        {_OBJECT} MFRPN 42 MFRNR 10 IDTNR_EXTERNAL 40 IDTNR_VERSION 10 IDTNR_GUID 32 IDTNR_LONG 40
    """,
    "E1EDP20": """
        WMENG 15 AMENG 15 EDATU 8 EZEIT 6 EDATU_OLD 8 EZEIT_OLD 6 ACTION 3
        HANDOVERDATE 8 HANDOVERTIME 6
    """,
    "E1EDP35": _ADDITIONAL,
    "E1EDPA1": f"{_PARTNER} {_PARTNER_LATER}",
    "E1EDPA3": "QUALP 3 STDPN 70",
    "E1EDPAD1": "QUALF 3 ICC 2 MOI 4 PRI 3 ACN 5 ACN10 10 DNS 1",
    "E1EDPS5": "KSTBM 17 KBETR 13",
    "E1EDPT1": "TDID 4 TSSPRAS 3 TSSPRAS_ISO 2",
    "E1EDPT2": "TDLINE 70 TDFORMAT 2",
    "E1EDS01": "SUMID 3 SUMME 18 SUNIT 3 WAERQ 3",
    "E1EDC01": """
        SGTYP 3 ZLTYP 3 LVALT 3 ALTNO 2 ALREF 5 ZLART 3 POSEX 10 RANG 2 EXGRP 8 UEPOS 6 MATKL 9
        MENGE 15 MENEE 3 BMNG2 15 PMENE 3 BPUMN 6 BPUMZ 6 VPREI 15 PEINH 9 NETWR 18 ANETW 18
        SKFBP 18 CURCY 3 PREIS 18 ACTION 3 KZABS 1 UEBTO 4 UEBTK 1 LBNUM 3 AUSGB 4 FRPOS 6 TOPOS 6
        KTXT1 40 KTXT2 40 PERNR 8 LGART 4 STELL 8 ZWERT 18
    """,
    "E1EDC02": _REFERENCE.format(line="XLINE"),
    "E1EDC03": _DATE,
    "E1EDC19": _OBJECT,
    "E1EDCA1": _PARTNER,
    "E1EDCT1": "TDID 4 TSSPRAS 3",
    "E1EDCT2": "TDLINE 70",
    "E1ADDI1": """
        ADDIMATNR 18 ADDINUMBER 17 ADDIVKME 3 ADDIFM 4 ADDIFM_TXT 40 ADDIKLART 3 ADDIKLART_TXT 40
        ADDICLASS 18 ADDICLASS_TXT 40 ADDIIDOC 1 ADDIMATNR_EXTERNAL 40 ADDIMATNR_VERSION 10
        ADDIMATNR_GUID 32 ADDIMATNR_LONG 40
    """,
    "E1CUREF": "POSEX 6 CONFIG_ID 6 INST_ID 8",
    "E1CUCFG": """
        POSEX 6 CONFIG_ID 6 ROOT_ID 8 SCE 1 KBNAME 30 KBVERSION 30 COMPLETE 1 CONSISTENT 1
        CFGINFO 250 KBPROFILE 30 KBLANGUAGE 1 CBASE_ID 32 CBASE_ID_TYPE 1
    """,
    "E1CUINS": """
        INST_ID 8 OBJ_TYPE 10 CLASS_TYPE 3 OBJ_KEY 50 OBJ_TXT 70 QUANTITY 15 AUTHOR 1
        QUANTITY_UNIT 3 COMPLETE 1 CONSISTENT 1 OBJECT_GUID 32 PERSIST_ID 32 PERSIST_ID_TYPE 1
    """,
    "E1CUPRT": """
        PARENT_ID 8 INST_ID 8 PART_OF_NO 4 OBJ_TYPE 10 CLASS_TYPE 3 OBJ_KEY 50 AUTHOR 1
        SALES_RELEVANT 1 PART_OF_GUID 32
    """,
    "E1CUVAL": """
        INST_ID 8 CHARC 40 CHARC_TXT 70 VALUE 40 VALUE_TXT 70 AUTHOR 1 VALUE_TO 40 VALCODE 1
        VALUE_LONG 70 VALUE_TO_LONG 70
    """,
    "E1CUBLB": "CONTENT 250",
    "E1TXTH1": """
        FUNCTION 3 TDOBJECT 10 TDOBNAME 70 TDID 4 TDSPRAS 1 TDTEXTTYPE 6 LANGUA_ISO 2
    """,
    "E1TXTP1": "TDFORMAT 2 TDLINE 132",
    "E1IDOCENHANCEMENT": "IDENTIFIER 30 DATA 970",
}

LAYOUTS: Mapping[str, Layout] = {tag: _layout(text) for tag, text in _TEXTS.items()}
"""Segment type → its fields within SDATA."""

DATE_FIELDS = frozenset(
    {"DATUM", "EDATU", "EDATU_OLD", "EXDATBI", "HANDOVERDATE", "CREDAT"}
)  # fmt: skip
"""Fields of type date, in which SAP writes 00000000 for none."""

NO_DATE = "00000000"

_VERSIONED = re.compile(r"(?P<kind>[EZY])2(?P<rest>[A-Z0-9_]+?)(?P<version>\d{3})?")
_TYPED = re.compile(r"(?P<type>E1[A-Z0-9_]+?)\d{3}")


def segment_type(name: str) -> str:
    """The type of a segment that goes by this name in a file.

    E2EDK01005 and E2EDK01 are E1EDK01, and so is E1EDK01005, which some write; E2EDKA1 has no
    version, its 1 is the type's own. Names of customers (Z1…, Z2…000) follow the same rule; any
    other name stays as it is, and _-NAMESPACE_-NAME of XML is /NAMESPACE/NAME.
    """
    name = name.replace("_-", "/")
    typed = _TYPED.fullmatch(name)
    if typed and name not in LAYOUTS and typed["type"] in LAYOUTS:
        return typed["type"]
    space, slash, bare = name.rpartition("/")
    match = _VERSIONED.fullmatch(bare)
    if match is None:
        return name
    return f"{space}{slash}{match['kind']}1{match['rest']}"


@cache
def message_kind(kind: str, idoctyp: str) -> str:
    """What to do with a message: order, change or other.

    SAP's own message types over the ORDERS basic types say it by name; a customer's type (Z…, Y…,
    /…/…) that is none of them, or none at all, is an order if the basic type is ORDERS01…05.
    """
    kind, idoctyp = kind.upper(), idoctyp.upper()
    if kind in {"ORDERS", "ORDCHG"}:
        return "order" if kind == "ORDERS" else "change"
    own = kind.startswith(("Z", "Y", "/")) or not kind
    if not own:
        return "other"
    if any(word in kind for word in ("RSP", "INV", "DESADV", "DELVRY", "QUOTE", "REQOTE")):
        return "other"
    if re.search(r"CHG|CHANGE", kind):
        return "change"
    shaped = re.search(r"ORDERS?\d\d", idoctyp) is not None or "ORDERS" in kind
    return "order" if shaped or not (kind or idoctyp) else "other"
