//! Which characters stand where, for every language that is offered.
//!
//! A layout has two or three layers: *letters*, *further* letters and *signs*. A layer is three rows, the third between two
//! wide keys, and a foot on both sides of the space bar; what stands between spaces is one key. All layers of a layout have
//! the same shape, so that a key that has the keyboard's focus keeps it when the layer changes.
//!
//! **Ten columns.** On an upright tablet of 800 pixels ten keys side by side are 72 pixels wide, and eleven are not. What
//! a wider keyboard would have in its other columns stands on the further layer.
//!
//! **Scripts of India.** Vowel signs are in the first row, consonants in the order of the alphabet below. The further layer
//! has the sister of each key in the same place: the vowel of a sign, the aspirated consonant of a plain one, as on the
//! standard `InScript` keyboard. A conjunct is typed with the virama between its consonants.
//!
//! **Arabic and Urdu.** Rows run from left to right as on every keyboard of these scripts: Arabic like the standard layout
//! as far as ten columns go, Urdu like the phonetic layout.
//!
//! A letter with a dot below is written as the one character that Unicode has for it, so that one backspace takes it. It stands
//! here by its number, as an editor makes two characters of it.

/// The keys of a language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Whether the script has capitals.
    pub(super) cased: bool,
    /// What is there at first.
    pub(super) letters: Layer,
    /// Letters for which the first layer has no room.
    pub(super) further: Option<Further>,
    /// Digits and signs.
    pub(super) signs: Layer,
}

/// A layer and the key that shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Further {
    /// What the key says.
    pub(super) label: &'static str,
    /// The layer.
    pub(super) layer: Layer,
}

/// The keys of a layer; spaces stand between them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// From the top.
    pub(super) rows: [&'static str; 3],
    /// Before and after the space bar.
    pub(super) foot: [&'static str; 2],
}

/// The layout of a language; English where there is no other.
pub(super) fn of(language: &str) -> &'static Layout {
    match language {
        "cy" => &WELSH,
        "pl" => &POLISH,
        "ro" => &ROMANIAN,
        "pa" => &GURMUKHI,
        "ur" => &URDU,
        "pt" => &PORTUGUESE,
        "es" => &SPANISH,
        "ar" => &ARABIC,
        "bn" => &BENGALI,
        "gu" => &GUJARATI,
        "it" => &ITALIAN,
        _ => &ENGLISH,
    }
}

const NINE_SIGNS: Layer =
    Layer { rows: ["1 2 3 4 5 6 7 8 9 0", "- / : ; ( ) £ & @", "+ = % # * ! ?"], foot: ["\" '", "."] };
const TEN_SIGNS: Layer =
    Layer { rows: ["1 2 3 4 5 6 7 8 9 0", "- / : ; ( ) £ € & @", "+ = % # * ! ?"], foot: ["\" '", "."] };

static ENGLISH: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l", "z x c v b n m"], foot: [", '", "."] },
    further: None,
    signs: NINE_SIGNS,
};

static WELSH: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "âŵŷ",
        layer: Layer {
            rows: ["â ê î ô û ŵ ŷ ä ë ï", "ö ü ẅ ÿ á é í ó ú", "à è ì ò ù ẁ ẃ"], foot: [", '", "."]
        },
    }),
    signs: NINE_SIGNS,
};

static POLISH: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l ł", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "ąćę",
        layer: Layer {
            rows: ["ą ć ę ł ń ó ś ź ż ö", "ä ü é è á í ú ç č š", "„ ” « » – … ?"], foot: [", '", "."]
        },
    }),
    signs: TEN_SIGNS,
};

static ROMANIAN: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l ă", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "ăîș",
        layer: Layer {
            rows: ["ă â î ș ț á é í ó ú", "ä ö ü è ê ç ñ ő ű š", "„ ” « » – … ?"], foot: [", '", "."]
        },
    }),
    signs: TEN_SIGNS,
};

static PORTUGUESE: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l ç", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "áãç",
        layer: Layer {
            rows: ["á â ã à é ê í ó ô õ", "ú ü ç ñ è ì ò ù ä ö", "º ª « » – … ?"], foot: [", '", "."]
        },
    }),
    signs: TEN_SIGNS,
};

static SPANISH: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l ñ", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "áé¿",
        layer: Layer {
            rows: ["á é í ó ú ü ñ ç ¿ ¡", "à è ì ò ù â ê ô ä ö", "º ª « » – … ?"], foot: [", '", "."]
        },
    }),
    signs: TEN_SIGNS,
};

static ITALIAN: Layout = Layout {
    cased: true,
    letters: Layer { rows: ["q w e r t y u i o p", "a s d f g h j k l è", "z x c v b n m"], foot: [", '", "."] },
    further: Some(Further {
        label: "àèì",
        layer: Layer {
            rows: ["à è é ì ò ù á í ó ú", "ä ö ü î ô â ê ç ñ ë", "º ª « » – … ?"], foot: [", '", "."]
        },
    }),
    signs: TEN_SIGNS,
};

static GURMUKHI: Layout = Layout {
    cased: false,
    letters: Layer {
        rows: ["ਾ ਿ ੀ ੁ ੂ ੇ ੈ ੋ ੌ ੱ", "ਕ ਗ ਚ ਜ ਟ ਡ ਤ ਦ ਪ ਬ", "ਨ ਮ ਯ ਰ ਲ ਵ ਸ"], foot: ["ਹ ੰ", "ਂ ।"]
    },
    further: Some(Further {
        label: "ਅਖ",
        layer: Layer {
            rows: ["ਆ ਇ ਈ ਉ ਊ ਏ ਐ ਓ ਔ ਅ", "ਖ ਘ ਛ ਝ ਠ ਢ ਥ ਧ ਫ ਭ", "ਣ ਙ ਞ ੜ \u{a33} \u{a5b} \u{a36}"],
            foot: ["੍ ,", "\u{a5e} \u{a59}"],
        },
    }),
    signs: Layer {
        rows: ["1 2 3 4 5 6 7 8 9 0", "੧ ੨ ੩ ੪ ੫ ੬ ੭ ੮ ੯ ੦", "- £ ? ! ੳ ੲ \u{a5a}"],
        foot: ["( )", ", ।"],
    },
};

static BENGALI: Layout = Layout {
    cased: false,
    letters: Layer {
        rows: ["া ি ী ু ূ ৃ ে ৈ ো ৌ", "ক গ চ জ ট ড ত দ প ব", "ন ম য র ল স হ"], foot: ["্ ,", "ং ।"]
    },
    further: Some(Further {
        label: "অখ",
        layer: Layer {
            rows: ["আ ই ঈ উ ঊ ঋ এ ঐ ও ঔ", "খ ঘ ছ ঝ ঠ ঢ থ ধ ফ ভ", "ণ ঞ \u{9df} \u{9dc} ঙ শ ষ"],
            foot: ["অ ৎ", "ঁ ঃ"],
        },
    }),
    signs: Layer {
        rows: ["1 2 3 4 5 6 7 8 9 0", "১ ২ ৩ ৪ ৫ ৬ ৭ ৮ ৯ ০", "- : / £ ? ! \u{9dd}"],
        foot: ["( )", ", ।"],
    },
};

static GUJARATI: Layout = Layout {
    cased: false,
    letters: Layer {
        rows: ["ા િ ી ુ ૂ ૃ ે ૈ ો ૌ", "ક ગ ચ જ ટ ડ ત દ પ બ", "ન મ ય ર લ વ સ"], foot: ["્ હ", "ં ."]
    },
    further: Some(Further {
        label: "અખ",
        layer: Layer {
            rows: ["આ ઇ ઈ ઉ ઊ ઋ એ ઐ ઓ ઔ", "ખ ઘ છ ઝ ઠ ઢ થ ધ ફ ભ", "ણ ઙ ઞ ૉ ળ શ ષ"],
            foot: ["અ ,", "ઃ ૅ"],
        },
    }),
    signs: Layer {
        rows: ["1 2 3 4 5 6 7 8 9 0", "૧ ૨ ૩ ૪ ૫ ૬ ૭ ૮ ૯ ૦", "- : £ ? ! ઍ ઑ"], foot: ["( )", ", ."]
    },
};

static ARABIC: Layout = Layout {
    cased: false,
    letters: Layer {
        rows: ["ض ص ث ق ف غ ع ه خ ح", "ش س ي ب ل ا ت ن م ك", "ة و ر ز د ط ج"], foot: ["أ ذ", "ى ."]
    },
    further: Some(Further {
        label: "ءآظ",
        layer: Layer {
            rows: [
                "آ إ أ ء ئ ؤ ى ة ذ ظ",
                "\u{64e} \u{64b} \u{64f} \u{64c} \u{650} \u{64d} \u{652} \u{651} \u{670} ـ",
                "« » ( ) - ؛ :",
            ],
            foot: ["/ !", "، ؟"],
        },
    }),
    signs: Layer {
        rows: ["1 2 3 4 5 6 7 8 9 0", "١ ٢ ٣ ٤ ٥ ٦ ٧ ٨ ٩ ٠", "- : / £ ( ) !"], foot: ["« »", "، ؟"]
    },
};

static URDU: Layout = Layout {
    cased: false,
    letters: Layer {
        rows: ["ق و ع ر ت ے ء ی ہ پ", "ا س د ف گ ح ج ک ل ھ", "ز ش چ ط ب ن م"], foot: ["ں ،", "؟ ۔"]
    },
    further: Some(Further {
        label: "آٹڈ",
        layer: Layer {
            rows: [
                "\u{651} ؤ ۓ ڑ ٹ \u{64e} ئ \u{650} ۃ \u{64f}",
                "آ ص ڈ أ غ ۂ ض خ \u{64b} \u{670}",
                "ذ ژ ث ظ ں \u{654} \u{652}",
            ],
            foot: ["“ ”", "! :"],
        },
    }),
    signs: Layer {
        rows: ["1 2 3 4 5 6 7 8 9 0", "۱ ۲ ۳ ۴ ۵ ۶ ۷ ۸ ۹ ۰", "- : / £ ( ) !"], foot: ["“ ”", "، ۔"]
    },
};
