"""Currency names by ISO code, for currencies without a sign in the vocabulary.

The names are the CLDR's (https://cldr.unicode.org), shorter where there is one of the kind. One without
hundredths is said with its decimals.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentrun.text_normalization.vocabulary import Currency

_TABLES = {
    "en": """
        CAD Canadian dollar, Canadian dollars, cent, cents
        AUD Australian dollar, Australian dollars, cent, cents
        NZD New Zealand dollar, New Zealand dollars, cent, cents
        HKD Hong Kong dollar, Hong Kong dollars, cent, cents
        SGD Singapore dollar, Singapore dollars, cent, cents
        TWD New Taiwan dollar, New Taiwan dollars, cent, cents
        MXN Mexican peso, Mexican pesos, centavo, centavos
        COP Colombian peso, Colombian pesos, centavo, centavos
        ARS Argentine peso, Argentine pesos, centavo, centavos
        CLP Chilean peso, Chilean pesos
        UYU Uruguayan peso, Uruguayan pesos, centesimo, centesimos
        PEN Peruvian sol, Peruvian soles, centimo, centimos
        BRL Brazilian real, Brazilian reals, centavo, centavos
        SEK Swedish krona, Swedish kronor, öre, öre
        NOK Norwegian krone, Norwegian kroner, øre, øre
        DKK Danish krone, Danish kroner, øre, øre
        PLN Polish zloty, Polish zlotys, grosz, groszy
        CZK Czech koruna, Czech korunas
        HUF Hungarian forint, Hungarian forints
        TRY Turkish lira, Turkish lira, kurus, kurus
        ZAR South African rand, South African rand, cent, cents
        AED dirham, dirhams, fils, fils
        SAR Saudi riyal, Saudi riyals, halala, halalas
        CNY Chinese yuan, Chinese yuan
        KRW South Korean won, South Korean won
        THB Thai baht, Thai baht, satang, satang
    """,
    "de": """
        CAD kanadischer Dollar, kanadische Dollar, Cent, Cent
        AUD australischer Dollar, australische Dollar, Cent, Cent
        NZD Neuseeland-Dollar, Neuseeland-Dollar, Cent, Cent
        HKD Hongkong-Dollar, Hongkong-Dollar, Cent, Cent
        SGD Singapur-Dollar, Singapur-Dollar, Cent, Cent
        TWD Neuer Taiwan-Dollar, Neue Taiwan-Dollar, Cent, Cent
        MXN mexikanischer Peso, mexikanische Pesos, Centavo, Centavos
        COP kolumbianischer Peso, kolumbianische Pesos, Centavo, Centavos
        ARS argentinischer Peso, argentinische Pesos, Centavo, Centavos
        CLP chilenischer Peso, chilenische Pesos
        UYU uruguayischer Peso, uruguayische Pesos, Centésimo, Centésimos
        PEN peruanischer Sol, peruanische Sol, Céntimo, Céntimos
        BRL brasilianischer Real, brasilianische Real, Centavo, Centavos
        SEK schwedische Krone, schwedische Kronen, Öre, Öre
        NOK norwegische Krone, norwegische Kronen, Öre, Öre
        DKK dänische Krone, dänische Kronen, Öre, Öre
        PLN Zloty, Zloty, Grosz, Groszy
        CZK tschechische Krone, tschechische Kronen
        HUF Forint, Forint
        TRY türkische Lira, türkische Lira, Kuruş, Kuruş
        ZAR Rand, Rand, Cent, Cent
        AED Dirham, Dirham, Fils, Fils
        SAR Saudi-Rial, Saudi-Rial, Halala, Halala
        CNY Yuan, Yuan
        KRW südkoreanischer Won, südkoreanische Won
        THB Baht, Baht, Satang, Satang
    """,
    "es": """
        CAD dólar canadiense, dólares canadienses, centavo, centavos
        AUD dólar australiano, dólares australianos, centavo, centavos
        NZD dólar neozelandés, dólares neozelandeses, centavo, centavos
        HKD dólar hongkonés, dólares hongkoneses, centavo, centavos
        SGD dólar singapurense, dólares singapurenses, centavo, centavos
        TWD nuevo dólar taiwanés, nuevos dólares taiwaneses, centavo, centavos
        MXN peso mexicano, pesos mexicanos, centavo, centavos
        COP peso colombiano, pesos colombianos, centavo, centavos
        ARS peso argentino, pesos argentinos, centavo, centavos
        CLP peso chileno, pesos chilenos
        UYU peso uruguayo, pesos uruguayos, centésimo, centésimos
        PEN sol, soles, céntimo, céntimos
        BRL real brasileño, reales brasileños, centavo, centavos
        SEK corona sueca, coronas suecas, öre, öre
        NOK corona noruega, coronas noruegas, øre, øre
        DKK corona danesa, coronas danesas, øre, øre
        PLN esloti, eslotis, grosz, groszy
        CZK corona checa, coronas checas
        HUF forinto húngaro, forintos húngaros
        TRY lira turca, liras turcas, kurus, kurus
        ZAR rand, rands, céntimo, céntimos
        AED dírham, dírhams, fils, fils
        SAR rial saudí, riales saudíes, halala, halalas
        CNY yuan, yuanes
        KRW won surcoreano, wons surcoreanos
        THB bat, bats, satang, satangs
    """,
    "fr": """
        CAD dollar canadien, dollars canadiens, cent, cents
        AUD dollar australien, dollars australiens, cent, cents
        NZD dollar néo-zélandais, dollars néo-zélandais, cent, cents
        HKD dollar de Hong Kong, dollars de Hong Kong, cent, cents
        SGD dollar de Singapour, dollars de Singapour, cent, cents
        TWD nouveau dollar taïwanais, nouveaux dollars taïwanais, cent, cents
        MXN peso mexicain, pesos mexicains, centavo, centavos
        COP peso colombien, pesos colombiens, centavo, centavos
        ARS peso argentin, pesos argentins, centavo, centavos
        CLP peso chilien, pesos chiliens
        UYU peso uruguayen, pesos uruguayens, centésimo, centésimos
        PEN sol péruvien, sols péruviens, céntimo, céntimos
        BRL réal brésilien, réals brésiliens, centavo, centavos
        SEK couronne suédoise, couronnes suédoises, öre, öre
        NOK couronne norvégienne, couronnes norvégiennes, øre, øre
        DKK couronne danoise, couronnes danoises, øre, øre
        PLN zloty, zlotys, grosz, groszy
        CZK couronne tchèque, couronnes tchèques
        HUF forint, forints
        TRY livre turque, livres turques, kurus, kurus
        ZAR rand, rands, cent, cents
        AED dirham, dirhams, fils, fils
        SAR riyal saoudien, riyals saoudiens, halala, halalas
        CNY yuan, yuans
        KRW won, wons
        THB baht, bahts, satang, satangs
    """,
    "it": """
        CAD dollaro canadese, dollari canadesi, centesimo, centesimi
        AUD dollaro australiano, dollari australiani, centesimo, centesimi
        NZD dollaro neozelandese, dollari neozelandesi, centesimo, centesimi
        HKD dollaro di Hong Kong, dollari di Hong Kong, centesimo, centesimi
        SGD dollaro di Singapore, dollari di Singapore, centesimo, centesimi
        TWD nuovo dollaro taiwanese, nuovi dollari taiwanesi, centesimo, centesimi
        MXN peso messicano, pesos messicani, centavo, centavos
        COP peso colombiano, pesos colombiani, centavo, centavos
        ARS peso argentino, pesos argentini, centavo, centavos
        CLP peso cileno, pesos cileni
        UYU peso uruguayano, pesos uruguayani, centésimo, centésimos
        PEN sol peruviano, sol peruviani, céntimo, céntimos
        BRL real brasiliano, real brasiliani, centavo, centavos
        SEK corona svedese, corone svedesi, öre, öre
        NOK corona norvegese, corone norvegesi, øre, øre
        DKK corona danese, corone danesi, øre, øre
        PLN zloty, zloty, grosz, groszy
        CZK corona ceca, corone ceche
        HUF fiorino ungherese, fiorini ungheresi
        TRY lira turca, lire turche, kurus, kurus
        ZAR rand, rand, centesimo, centesimi
        AED dirham, dirham, fils, fils
        SAR riyal saudita, riyal sauditi, halala, halala
        CNY yuan, yuan
        KRW won, won
        THB baht, baht, satang, satang
    """,
    "nl": """
        CAD Canadese dollar, Canadese dollar, cent, cent
        AUD Australische dollar, Australische dollar, cent, cent
        NZD Nieuw-Zeelandse dollar, Nieuw-Zeelandse dollar, cent, cent
        HKD Hongkongse dollar, Hongkongse dollar, cent, cent
        SGD Singaporese dollar, Singaporese dollar, cent, cent
        TWD Taiwanese dollar, Taiwanese dollar, cent, cent
        MXN Mexicaanse peso, Mexicaanse peso, centavo, centavos
        COP Colombiaanse peso, Colombiaanse peso, centavo, centavos
        ARS Argentijnse peso, Argentijnse peso, centavo, centavos
        CLP Chileense peso, Chileense peso
        UYU Uruguayaanse peso, Uruguayaanse peso, centésimo, centésimos
        PEN Peruaanse sol, Peruaanse sol, céntimo, céntimos
        BRL Braziliaanse real, Braziliaanse real, centavo, centavos
        SEK Zweedse kroon, Zweedse kronen, öre, öre
        NOK Noorse kroon, Noorse kronen, øre, øre
        DKK Deense kroon, Deense kronen, øre, øre
        PLN zloty, zloty, grosz, groszy
        CZK Tsjechische kroon, Tsjechische kronen
        HUF forint, forint
        TRY Turkse lira, Turkse lira, kurus, kurus
        ZAR rand, rand, cent, cent
        AED dirham, dirham, fils, fils
        SAR Saoedi-riyal, Saoedi-riyal, halala, halala
        CNY yuan, yuan
        KRW won, won
        THB baht, baht, satang, satang
    """,
    "pt": """
        CAD dólar canadense, dólares canadenses, centavo, centavos
        AUD dólar australiano, dólares australianos, centavo, centavos
        NZD dólar neozelandês, dólares neozelandeses, centavo, centavos
        HKD dólar de Hong Kong, dólares de Hong Kong, centavo, centavos
        SGD dólar singapuriano, dólares singapurianos, centavo, centavos
        TWD novo dólar taiwanês, novos dólares taiwaneses, centavo, centavos
        MXN peso mexicano, pesos mexicanos, centavo, centavos
        COP peso colombiano, pesos colombianos, centavo, centavos
        ARS peso argentino, pesos argentinos, centavo, centavos
        CLP peso chileno, pesos chilenos
        UYU peso uruguaio, pesos uruguaios, centésimo, centésimos
        PEN sol peruano, sóis peruanos, cêntimo, cêntimos
        SEK coroa sueca, coroas suecas, öre, öre
        NOK coroa norueguesa, coroas norueguesas, øre, øre
        DKK coroa dinamarquesa, coroas dinamarquesas, øre, øre
        PLN zlóti, zlótis, grosz, groszy
        CZK coroa tcheca, coroas tchecas
        HUF florim húngaro, florins húngaros
        TRY lira turca, liras turcas, kurus, kurus
        ZAR rand, rands, centavo, centavos
        AED dirham, dirhams, fils, fils
        SAR rial saudita, riais sauditas, halala, halalas
        CNY yuan, yuans
        KRW won, wons
        THB baht, bahts, satang, satangs
    """,
}


def others(language: str) -> Mapping[str, Currency]:
    """The currencies of ``language`` by their codes.

    >>> others("de")["SEK"]
    ('schwedische Krone', 'schwedische Kronen', 'Öre', 'Öre')
    >>> others("en")["CNY"]
    ('Chinese yuan', 'Chinese yuan', '', '')
    """
    rows = (line.split(maxsplit=1) for line in _TABLES[language].split("\n") if line.strip())
    found: dict[str, Currency] = {}
    for code, names in rows:
        forms = [form.strip() for form in names.split(",")]
        found[code] = (forms[0], forms[1], forms[2], forms[3]) if forms[2:] else (forms[0], forms[1], "", "")
    return found
