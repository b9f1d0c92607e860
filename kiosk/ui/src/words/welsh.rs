//! Welsh: a machine translation that nobody has approved, for demonstrations only.

use crate::Phrases;

use super::list;

pub(super) fn phrases() -> Phrases {
    Phrases {
        language: "Cymraeg".into(),
        hello: "Helo".into(),
        demonstration: "Arddangosiad: nid oes dim yma yn real".into(),
        machine_translation: "Cyfieithiad peirianyddol, heb ei gymeradwyo".into(),

        rest_title: "Dywedwch wrthym am eich gofal".into(),
        rest_body: "Mae eich atebion yn helpu'r ward hon i wella. Mae'n cymryd tua 3 munud.".into(),
        rest_start: "Cyffyrddwch yma i ddechrau".into(),

        language_title: "Dewiswch eich iaith".into(),

        consent_title: "Cyn i chi ddechrau".into(),
        consent_points: list([
            "Rydym yn gofyn ychydig o gwestiynau am eich gofal ar y ward hon. Mae'n cymryd tua 3 munud.",
            "Nid oes rhaid i chi gymryd rhan. Chi sydd i benderfynu.",
            "Mae'n ddienw. Nid ydym yn gofyn am eich enw.",
            "Nid yw eich atebion yn effeithio ar eich gofal.",
            "Gallwch hepgor unrhyw gwestiwn, a gallwch stopio unrhyw bryd.",
            "Nid y gloch alw yw hon. Os oes angen help arnoch nawr, pwyswch eich cloch alw.",
        ]),
        consent_points_short: list([
            "Tua 3 munud",
            "Eich dewis chi",
            "Dim enwau",
            "Mae eich gofal yn aros yr un fath",
            "Hepgorwch neu stopiwch unrhyw bryd",
            "Nid hon yw'r gloch alw",
        ]),
        consent_yes: "Iawn, dechrau".into(),
        consent_no: "Dim diolch".into(),

        progress: "Cwestiwn {number} o {of}".into(),
        back: "Yn ôl".into(),
        skip: "Hepgor y cwestiwn hwn".into(),
        next: "Nesaf".into(),
        stop: "Stopio".into(),
        skipped: "Gwnaethoch hepgor y cwestiwn hwn.".into(),

        comment_hint: "Peidiwch ag ysgrifennu unrhyw enwau.".into(),
        characters_left: "{number} nod ar ôl".into(),
        key_shift: "Shifft".into(),
        key_backspace: "Dileu".into(),
        key_space: "Bwlch".into(),
        key_return: "Dychwel".into(),
        key_symbols: "ŵ 123".into(),
        key_letters: "ABC".into(),

        consultant_title: "Pa feddyg ymgynghorol sy'n gyfrifol am eich gofal?".into(),
        consultant_not_listed: "Ddim ar y rhestr, neu ddim yn siŵr".into(),
        consultant_more: "Mwy o enwau".into(),

        stop_title: "Ydych chi eisiau stopio?".into(),
        stop_body: "Os byddwch yn stopio, cedwir yr atebion a roesoch hyd yn hyn. Maent yn ddienw.".into(),
        stop_yes: "Stopio nawr".into(),
        stop_no: "Parhau".into(),

        still_title: "Ydych chi yno o hyd?".into(),
        still_body: "Os na fydd neb yn cyffwrdd â'r sgrin, caiff ei chlirio mewn {number} eiliad.".into(),
        still_yes: "Ydw, rwyf yma o hyd".into(),

        saving_title: "Yn cadw eich atebion …".into(),

        thanks_title: "Diolch".into(),
        thanks_completed: "Mae eich atebion wedi'u cadw. Maent yn helpu'r ward hon i wella.".into(),
        thanks_stopped: "Mae'r atebion a roesoch wedi'u cadw. Maent yn helpu'r ward hon i wella.".into(),
        thanks_declined: "Mae hynny'n iawn. Nid yw'n effeithio ar eich gofal.".into(),
        thanks_close: "Gorffen".into(),

        wipe_title: "Sychwch y llechen hon".into(),
        wipe_body: "Defnyddiwch weip ar y sgrin a'r cas, er mwyn iddi fod yn lân i'r person nesaf.".into(),
        wipe_done: "Mae wedi'i sychu".into(),

        staff_title: "Dywedwch wrth aelod o staff".into(),
        staff_not_kept: "Mae'n ddrwg gennym. Ni ellid cadw eich atebion, ac nid ydynt ar y llechen hon mwyach."
            .into(),
        staff_cannot_keep: "Ni all y llechen hon gadw atebion ar hyn o bryd.".into(),
        staff_close: "Cau".into(),

        help: "Mae angen rhywun i fy helpu".into(),
        help_title: "Beth sydd ei angen arnoch?".into(),
        help_bell: "Nid y gloch alw yw hon. Os oes angen help arnoch yn gyflym, pwyswch eich cloch alw.".into(),
        help_offline: "Ni all y llechen hon gyrraedd yr ysbyty ar hyn o bryd. Pwyswch eich cloch alw.".into(),
        need_pain: "Rwyf mewn poen".into(),
        need_toilet: "Mae angen y toiled arnaf".into(),
        need_drink: "Hoffwn gael diod".into(),
        need_worried: "Rwy'n poeni".into(),
        need_talk: "Hoffwn siarad â rhywun".into(),
        need_other: "Rhywbeth arall".into(),
        help_sending: "Yn anfon …".into(),
        help_kept_title: "Mae eich cais ar ei ffordd".into(),
        help_kept: "Nid yw'n cynnwys dim o'ch atebion. Nid yw wedi cyrraedd eto.".into(),
        help_waiting_title: "Nid yw eich cais wedi'i anfon eto".into(),
        help_waiting: "Ni all y llechen hon gyrraedd yr ysbyty ar hyn o bryd. Pwyswch eich cloch alw.".into(),
        help_delivered_title: "Mae eich cais wedi cyrraedd".into(),
        help_delivered: "Nid yw'n cynnwys dim o'ch atebion. Ni allwn ddweud yma pryd y daw rhywun.".into(),
        help_failed_title: "Ni ellid anfon eich cais".into(),
        help_failed: "Pwyswch eich cloch alw, neu gofynnwch i rywun gerllaw alw aelod o staff.".into(),
        help_close: "Mynd yn ôl".into(),

        you_said: "Fe ddywedoch chi".into(),
        we_did: "Fe wnaethom ni".into(),
        text_size: "Maint y testun".into(),
        contrast: "Cyferbyniad cryf".into(),
        read_aloud: "Darllen yn uchel".into(),
        stop_reading: "Stopio darllen".into(),
        less_movement: "Llai o symudiad".into(),
        skip_short: "Hepgor".into(),
        help_short: "Help".into(),
        help_bell_short: "Nid y gloch alw".into(),
        place_title: "Ble ydych chi?".into(),
        place_body: "Dim ond gyda'ch cais y mae staff yn gweld hyn, byth gyda'ch atebion.".into(),
        place_none: "Byddai'n well gen i beidio â dweud".into(),
        help_seen_title: "Mae staff wedi gweld eich cais".into(),
        help_seen: "Mae aelod o staff wedi'i weld. Os yw'n frys, pwyswch eich cloch alw.".into(),
    }
}
