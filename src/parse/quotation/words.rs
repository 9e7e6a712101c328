//! What mail programs write around a quotation, as data: labels of header blocks, phrases of dividers, verbs of
//! attribution lines, subject prefixes, device signatures. Everything is compared folded (lower case, no diacritics).
//! A table is lines of entries between `|`.
//!
//! Languages: en, sk, cs, sl, hr, sr, pl, hu, de, fr, es, it, nl, pt, ru, uk, bg, el, sv, da, no, fi, et, lt, lv, ro, tr, ca,
//! zh, ja, ko.

/// The entries of a table.
pub fn entries(table: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    table.iter().flat_map(|line| line.split('|')).map(str::trim)
}

/// What a label of a header block introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    From,
    Date,
    To,
    Cc,
    Subject,
    /// Reply-To, Bcc, attachments, importance: part of the block and nothing else.
    Other,
}

/// Labels, without their colon.
pub const LABELS: &[(Label, &[&str])] = &[
    (
        Label::From,
        &[
            "from | od | von | de | da | van | od kogo | salje | posiljatelj | posiljatelj poruke | posiljatel",
            "odesilatel | odosielatel | posiljalac | felado | kuldo | mittente | expediteur | remitente | remetente",
            "afzender | absender | nadawca | от | от кого | отправитель | від | вiд | від кого | fran | fra",
            "lahettaja | saatja | kellelt | de la | kimden | gonderen | avsandare | avsender | afsender | sender",
            "发件人 | 寄件者 | 差出人 | 보낸 사람 | de part de | od strane | од | απο | αποστολεας | nuo | siuntejas | expeditorul",
        ],
    ),
    (
        Label::Date,
        &[
            "saada | date | sent | sent on | datum | datum i vrijeme | odoslane | datum odoslania | poslane | dna",
            "odeslano | odeslane | poslano | datum a cas | datum in cas | cas | datum slanja | data | wyslano",
            "data wyslania | kuldve | elkuldve | kuldes datuma | idopont | gesendet | gesendet am | envoye",
            "envoye le | message du | enviado | enviado el | enviado em | enviada | enviada em | fecha | inviato",
            "inviata | data invio | verzonden | verstuurd | verzonden op | дата | отправлено | надіслано | надiслано",
            "відправлено | skickat | skickad | sendt | dato | lahetetty | paivamaara | paivays | saadetud | kuupaev",
            "kuupaev / kellaaeg | trimis | trimis pe | expediat | tarih | gonderildi | gonderim tarihi",
            "gonderme tarihi | 发送时间 | 日期 | 寄件日期 | 送信日時 | 日時 | 보낸 날짜 | 날짜 | data d'enviament | sent date | date sent",
            "time | when | poslato | послато | датум | изпратено | σταλθηκε | ημερομηνια | issiusta | nosutits | datums | 日付 | gonderilen",
        ],
    ),
    (
        Label::To,
        &[
            "to | komu | pre | prijemca | prijemce | adresat | za | prima | primatelj | primatelji | prejemnik | kome",
            "an | empfanger | cimzett | cimzettek | do | a | pour | destinataire | destinatario | destinatari | para",
            "aan | кому | till | til | vastaanottaja | kenelle | kellele | saaja | catre | kime | alici | 收件人 | 收件者",
            "宛先 | 받는 사람 | per a | per | adressat | mottagare | до | за | προς | kam | gavejas | adressaat | destinatarul",
        ],
    ),
    (
        Label::Cc,
        &[
            "cc | kopie | kopia | kp | v kopii | kopija | dw | do wiadomosci | masolat | masolatot kap | copie a",
            "copie | copia | con copia | copia para | com copia | копия | копія | копiя | kopi | koopia | bilgi | 抄送",
            "副本 | 참조 | kn | zk | sp | копие | κοιν | κοινοποιηση | kopio",
        ],
    ),
    (
        Label::Subject,
        &[
            "subject | re | predmet | vec | zadeva | naslov | naslov poruke | temat | targy | betreff | betr | objet",
            "sujet | asunto | oggetto | onderwerp | assunto | тема | тема письма | amne | emne | aihe | otsikko",
            "teema | pealkiri | subiect | subiectul | konu | 主题 | 主旨 | 件名 | 제목 | assumpte | тема листа",
            "predmet zpravy | относно | наслов | θεμα | tema",
        ],
    ),
    (
        Label::Other,
        &[
            "no | k | udw | skp | reply-to | reply to | repondre a | antwort an | odpovedet komu | bcc | importance",
            "dolezitost | dulezitost | vaznost | pomembnost | wichtigkeit | attachments | prilohy | priloge",
            "privitci | anlagen | zalaczniki | organization | organisation | newsgroups | message-id | priority",
            "resent-from | resent-to | resent-date | priorita | waga | antwoord aan | svar till | rispondi a",
            "responder a | odgovori na | odgovor na | odpoved na | svara till | vastausosoite | valaszcim | odpowiedz do",
            "odpowiedz-do | raspuns catre | ответ-кому | кому ответить | кому відповісти | odpovedat-pre | yanit adresi",
        ],
    ),
];

/// What a divider says that heads a forwarded mail.
pub const FORWARD_PHRASES: &[&str] = &[
    "forwarded message | begin forwarded message | forwarded mail | forwarded email | forwarded by",
    "message forwarded | start of forwarded message | fwd message | preposlana sprava | posielana dalej sprava",
    "zaciatok preposlanej spravy | preposlany e-mail | preposlany email | preposlana posta | preposlana zprava",
    "zacatek preposilane zpravy | zacatek preposlane zpravy | preposilana zprava | posredovano sporocilo",
    "zacetek posredovanega sporocila | posredovana posta | proslijedena poruka | proslijedjena poruka",
    "zacetek posredovane poruke | pocetak proslijedene poruke | zapocni proslijedenu poruku | prosledjena poruka",
    "prosledena poruka | przekazana wiadomosc | wiadomosc przekazana | przeslana wiadomosc",
    "poczatek przekazywanej wiadomosci | poczatek przeslanej wiadomosci | poczatek przekierowanej wiadomosci",
    "tovabbitott uzenet | tovabbitott level | tovabbitott levél | weitergeleitete nachricht | weitergeleitete mail",
    "anfang der weitergeleiteten nachricht | beginn der weitergeleiteten nachricht | weitergeleitete e-mail",
    "message transfere | message transmis | message reexpedie | debut du message reexpedie",
    "debut du message transfere | message retransmis | mensaje reenviado | inicio del mensaje reenviado",
    "mensaje original reenviado | messaggio inoltrato | inizio messaggio inoltrato | inizio del messaggio inoltrato",
    "inoltrato messaggio | doorgestuurd bericht | begin doorgestuurd bericht | mensagem encaminhada",
    "mensagem reencaminhada | inicio da mensagem encaminhada | inicio da mensagem reencaminhada",
    "пересылаемое сообщение | перенаправленное сообщение | начало пересылаемого сообщения | пересланное сообщение",
    "переслано | начало переадресованного сообщения | пересилане повідомлення | переслане повідомлення",
    "початок пересланого повідомлення | початок листа, що пересилається | початок листа",
    "переадресоване повідомлення | переслане сообщение | vidarebefordrat meddelande | vidarebefordrat brev",
    "borjan pa vidarebefordrat meddelande | vidaresant meddelande | videresendt meddelelse | videresendt besked",
    "start pa videresendt besked | begyndelse pa videresendt besked | videresendt melding",
    "begynnelsen pa videresendt melding | start pa videresendt melding | valitetty viesti | valitettu viesti",
    "valitetty sanoma | edelleen lahetetty viesti | valitetyn viestin alku | edastatud kiri | edastatud sonum",
    "edastatud sonumi algus | algas edastatud kiri | mesaj redirectionat | mesaj transmis",
    "inceputul mesajului redirectionat | inceputul mesajului transmis | iletilmis ileti | iletilen ileti",
    "iletilen mesaj | yonlendirilen mesaj | ileti baslangici | iletilmis mesaj | yonlendirilen ileti | forwarded ileti | 転送メッセージ",
    "転送されたメッセージ | 转发的邮件 | 轉寄的郵件 | 전달된 메일 | 전달된 메시지 | missatge reenviat | mensaxe reenviada",
    "inicio de mensaje reenviado | zacetek posredovanega sporočila | posredovano pismo | naprej poslano sporocilo",
    "valitetty viesti alkaa | vidarebefordrat mejl | tovabbitott level kezdete | tovabbitott uzenet kezdete",
    "incepe mesajul redirectionat | mesaj retrimis | inoltra messaggio | wiadomosc przeslana dalej",
    "przekazana dalej wiadomosc | posielana sprava dalej | sprava preposlana dalej | dalsi odeslani zpravy",
    "predana zprava | tin nhan duoc chuyen tiep | posredovano e-sporocilo | proslijedjeni e-mail",
    "proslijedena e-posta | prosljedena poruka | tresc przekazanej wiadomosci | препратено съобщение",
    "прослеђена порука | προωθημενο μηνυμα | persiustas laiskas | parsutita zina | edelleenlahetetty viesti",
    "перенаправлене повідомлення | poczatek przekazanej wiadomosci | iletilen iletinin baslangici",
    "vidarebefordrat meddelande borjar | begynnelse pa videresendt melding | videresendt meddelelse starter",
    "начало на препратено съобщение | почетак прослеђене поруке | persiusto pranesimo pradzia",
    "parsutitas zinas sakums | αρχη προωθημενου μηνυματος",
];

/// Phrases that head the mail that was answered.
pub const ORIGINAL_PHRASES: &[&str] = &[
    "original message | original email | original e-mail | original mail | reply message | povodna sprava",
    "povodny e-mail | povodny email | povodna e-mailova sprava | puvodni zprava | puvodni e-mail | puvodni email",
    "puvodny e-mail | izvirno sporocilo | originalno sporocilo | prvotno sporocilo | izvorna poruka",
    "originalna poruka | izvorna e-posta | oryginalna wiadomosc | wiadomosc oryginalna | wiadomosc pierwotna",
    "eredeti uzenet | eredeti level | ursprungliche nachricht | ursprungliche mail | original-nachricht",
    "originalnachricht | urspruengliche nachricht | ursprungliche e-mail | message d'origine | message original",
    "mail original | e-mail d'origine | courriel original | mensaje original | correo original",
    "messaggio originale | messaggio d'origine | oorspronkelijk bericht | origineel bericht | originele bericht",
    "oorspronkelijke bericht | mensagem original | исходное сообщение | оригинальное сообщение",
    "первоначальное сообщение | початкове повідомлення | оригінальне повідомлення | вихідне повідомлення",
    "ursprungligt meddelande | originalmeddelande | oprindelig meddelelse | original besked | oprindelig besked",
    "opprinnelig melding | alkuperainen viesti | algne kiri | mesaj original | mesajul original | orijinal ileti",
    "оригинално съобщение | оригинална порука | prvobitna poruka | αρχικο μηνυμα | originalus laiskas | originala zina",
    "originale nachricht | original appointment | izvorna poruka e-poste | ozgun ileti | ozgun mesaj | 原始邮件 | 原始郵件 | 邮件原件 | 元のメッセージ | 원본 메시지 | missatge original",
];

/// Verbs of attribution lines: "On … Jan wrote:".
pub const VERBS: &[&str] = &[
    "wrote | writes | said | written | replied | a wrote | napisal | napisala | napisal(a) | napisal/a",
    "napisal(-a) | napisali | pise | pisal | odpisal | napsal | napsala | napsal(a) | napsal/a | napsali",
    "odpovedel | je napisal | je napisala | je napisal(a) | napisao | napisao/la | napisao(la) | napisao je",
    "je napisao | napisala je | je pisal | sporocil | pisze | napisala(a) | pisal(a) | irta | ezt irta",
    "a kovetkezot irta | a kovetkezoket irta | irja | schrieb | schreibt | hat geschrieben | geschrieben | a ecrit",
    "ecrit | ecrivait | escribio | escribe | ha escrit | escrigue | ha scritto | scrive | scrisse | schreef",
    "geschreven | schreven | heeft geschreven | escreveu | escreve | написал | написала | написал(а) | написал(-а)",
    "пишет | писал | от | написав | написав(-ла) | написав(ла) | пише | skrev | skriver | kirjoitti | kirjutas",
    "a scris | scris | yazdi | sunlari yazdi | tarihinde | 写道 | 寫道 | のメッセージ | 作成 | 작성 | 님이 작성 | wrote the following",
    "ecrivit | napisao(la) je | prispevek | da viet | sunu yazdi | rasytojas | rakstija | escribiu",
    "a scris urmatoarele | zapisal | zapisala | zapisal/-a | zapisal(-a) | pravi | rekao | rekla | rekao/la | rekao je",
    "написа | написао | написала је | написао/ла | је написао | пише | писали | rakstija | rase | raso | εγραψε | γραφει",
    "quoting | zitat von | citovanie | citacia | citace | citovani | citiranje | navajanje | cytowanie | cytat | idezet",
    "citando | citeren | citaat van | citerar | citerer | citation de | lainaus | цитирую | цитирование | цитування | цитиране",
    "wiadomosc napisana przez",
];

/// Subject prefixes of forwarded mails, without colon.
pub const FORWARD_PREFIXES: &[&str] = &[
    "fw | fwd | fwd. | forward | wg | tr | pd | rv | enc | res-enc | i | vs | vb | ynt-ilet | ilt | doorst | tov",
    "prsl | prosl | proslijedeno | preposlane | preposlano | prep | preposl | posr | posredovano | fs | vl | vid",
    "videresendt | vidarebefordrat | redir | redir. | rif-inoltro | inoltro | пересл | пересылка | переслано",
    "fwd[2] | 转发 | 轉寄 | 転送 | 전달 | ed | tovabbitas | przekazane | пд | perest | reenv | tfr | transf",
    "weitergeleitet | doorgestuurd | videresend",
];

/// Subject prefixes of answers, without colon.
pub const REPLY_PREFIXES: &[&str] = &[
    "re | aw | antw | antwort | odp | odpoved | odg | odgovor | sv | svar | r | ref | rif | res | ynt | yanit | va",
    "valasz | vs-re | vastaus | rv-re | отв | ответ | відп | 回复 | 回覆 | 答复 | 返信 | 답장 | re[2] | re[3] | re[4] | bls",
    "atb | rsp | réf | doc",
];

/// Beginnings of the line that a phone or a program puts below a text, where [`SENT`] and [`DEVICES`] do not tell it;
/// whole words.
pub const DEVICE_LINES: &[&str] = &[
    "sent from my | sent from mail for | sent from the | sent from a | sent using | sent via | sent with | sent by",
    "sent on the go | sent from blue | sent from nine | sent from mymail | from my iphone | odoslane z mojho",
    "odoslane pomocou | odoslane cez | odoslane aplikaciou | poslane z mojho | odeslano z meho | odeslano pomoci",
    "odeslano aplikaci | poslano z mojega | poslano iz mojega | poslano prek | poslano s mog | poslano s mojeg",
    "poslano putem | poslano pomocu | wyslane z mojego | wyslane przy | von meinem | gesendet von meinem | gesendet mit",
    "diese nachricht wurde von meinem | mit freundlichen grussen von meinem | envoye de mon | envoye depuis mon",
    "envoye par | envoye avec | provenance : courrier | provenance : | enviado desde mi | enviado do meu | enviado via",
    "inviato con | inviato dal mio | verzonden vanaf mijn | verstuurd vanaf mijn | verzonden met | отправлено с моего",
    "отправлено через | надіслано з мого | надіслано через | skickat fran min | sendt fra min | sendt via",
    "saadetud minu | trimis de pe | enviat des de | 发自我的 | 從我的 iphone 傳送 | iphoneから送信",
];

/// Words with which such a line says "sent": it begins or ends with one, and names one of [`DEVICES`].
pub const SENT: &[&str] = &[
    "sent | odoslane | poslane | odeslano | odeslane | poslano | poslato | wyslane | wyslano | kuldve | elkuldve | gesendet",
    "envoye | enviado | enviada | inviato | inviata | verzonden | verstuurd | отправлено | послано | надіслано",
    "відправлено | изпратено | послато | skickat | skickades | sendt | lahetetty | saadetud | trimis | expediat",
    "gonderildi | σταλθηκε | issiusta | nosutits | enviat",
];

/// Words with which a program recommends itself: "Get Outlook for iOS".
pub const RECOMMENDED: &[&str] = &[
    "get | download | ziskat | ziskajte | ziskejte | stiahnut | stiahnite | stahnout | stahnete | pridobite | prenesite",
    "nabavite | dohvatite | preuzmite | pobierz | uzyskaj | beszerzese | letoltese | beziehen | herunterladen | laden",
    "holen | obtenir | telecharger | telechargez | obtener | descargar | obter | obtenha | baixar | ottieni | scarica",
    "downloaden | скачать | получить | отримати | завантажити | изтеглете | hamta | hent | skaff | hanki | lataa | edinin",
    "indirin | descarcati | obtineti | az outlook",
];

/// Beginnings of words that name a device or a mail program.
pub const DEVICES: &[&str] = &[
    "iphon | ipad | android | galaxy | samsung | huawei | xiaomi | redmi | honor | oneplus | nokia | motorola | blackberry",
    "pixel | smartphon | smartfon | mobi | handy | telefon | tablet | outlook | gmail | yahoo | aol | proton | windows",
    "bluemail | spark | thunderbird | mailbird | mailspring | boxer | seznam | email.cz | azet | centrum | zoznam | gmx",
    "web.de | telekom | icloud | mail.ru | яндекс | телефон | смартфон | мобил | zariaden | zarizen | naprav",
    "uredaj | urzadzen | geräte | samsung-gerat",
];
