//! Words by which a language gives itself away in a short mail: function words first, then what people write to a help
//! desk. Written for this project from grammar, not taken from a corpus. Words of several languages stand in each.

/// Language and its words, separated by blanks, with their diacritics.
pub const WORDS: &[(&str, &str)] = &[
    (
        "sk",
        "som si sme ste sú je nie neviem viem neda nedá ide nejde mám máme máte máš má mi mne ma ťa sa na pre ale \
         aj ako ktorý ktorá ktoré ktorú ktorí môže môžem môžete môžeme nemôžem prosím ďakujem ďakujeme dobrý deň \
         dobrú už ešte iba len alebo keď kde kedy preto pretože lebo všetko všetky všetci potrebujem potrebujeme \
         chcem chcel chcela chceli vedieť vám vás nám nás ich jeho jej tento táto toto tieto tú tej to ten tá od \
         do po pri bez cez k ku o v vo so zo že by bol bola bolo boli nebol nebola nebolo budem bude budú budete \
         tiež asi teraz dnes zajtra včera pozdravom pozdrav objednávka objednávku objednávky faktúra faktúru \
         faktúre faktúry heslo prihlásiť prihlásenie čo čím či ani nič niekto niečo veľmi veľa medzi podľa počas \
         kvôli stále znova správne mail vaše váš vašu vašej vaša náš naša naše nášho jeden jedna dva tri viac \
         menej prišla prišiel prišlo poslať posielam poslal poslala žiadam žiadosť žiadost reklamácia reklamáciu \
         tovar zásielka platba platbu účet účte zákazník číslo čísla adresa adresu funguje nefunguje chyba chybu \
         napísal napísala otvoriť otvorenie stiahnuť pomoc pomôcť môj moja moje mojej svoj svoju treba ozvite \
         ozvať radi rád rada dovolenka dovolenke kancelária opraviť oprava vystavenie inak pondelok pondelka \
         utorok streda stredu štvrtok piatok piatku sobota nedeľa týždeň mesiac rok hodín minút zatiaľ okrem však \
         teda takže potom tam tu vôbec dostal dostala mohli mohol mohla vedeli prosíme ahoj servus zdravím \
         doručenie doručiť dodanie vrátiť vrátenie peniaze kúpil kúpila súbor skúšal skúšala skúsil skúsila \
         skúsiť meniť zmeniť zmenil pomôžte pomozte hlási píše objednal objednala prosba nešlo šlo vášho našom \
         týchto tých tejto tomto tomu nižšie vyššie vrátane správu správa správy list hneď ihneď skôr najskôr \
         ktorého ktorej ktorom niekedy nikto všade iný iná iné takto ktorých našich vašich svojho ňou ňom nej \
         niet preveriť overiť nejako zmenu zmena zmenou rána večer pošlite technik zaplatené doklad súrne \
         urgentne naliehavé tlačiareň počítač aplikácia aplikáciu prihláška upozornenie upraviť doplniť prílohe \
         príloha príloh odoslať odpoveď odpovedať otázka otázku termín vďaka zrušiť predplatné peňazí",
    ),
    (
        "cs",
        "jsem jsi jsme jste jsou je není nejsou nejsem nevím vím nejde jde mám máme máte má mi mně mne mě se na \
         pro ale i jak jako který která které kterou kteří může můžu mohu můžete můžeme nemůžu nemohu prosím \
         děkuji děkujeme díky dobrý den dobrou už ještě jen pouze nebo když kde kdy proto protože všechno vše \
         všechny všichni potřebuji potřebuju potřebujeme chci chtěl chtěla chtěli vědět vám vás nám nás jejich \
         jeho její tento tato toto tyto tu té to ten ta od do po při bez přes k ke o v ve s z ze že by byl byla \
         bylo byli nebyl nebyla nebylo budu bude budou budete také taky asi teď nyní dnes zítra včera pozdravem \
         pozdrav objednávka objednávku objednávky faktura fakturu faktuře faktury heslo přihlásit přihlášení co \
         čím jestli zda ani nic někdo něco velmi moc hodně mezi podle během kvůli stále pořád znovu správně mail \
         vaše váš vaši vašeho náš naše našeho naší jeden jedna dva tři více méně přišla přišel přišlo poslat \
         posílám poslal poslala žádám žádost reklamace reklamaci zboží zásilka zásilku platba platbu účet účtu \
         zákazník číslo čísla adresa adresu funguje nefunguje chyba chybu napsal napsala otevřít stáhnout pomoc \
         pomoci můj moje mé svůj svou třeba ozvěte ozvat rád ráda rádi dovolená dovolené kancelář opravit oprava \
         vystavení jinak pondělí úterý středa středu čtvrtek pátek pátku sobota neděle týden měsíc rok hodin \
         minut zatím kromě však tedy takže potom pak tam tady vůbec dostal dostala mohli mohl mohla prosíme ahoj \
         zdravím doručení doručit dodání vrátit vrácení peníze koupil koupila soubor zkoušel zkoušela zkusil \
         zkusila zkusit změnit změnil pomozte hlásí píše objednal objednala prosba nešlo šlo našem tyhle těch \
         této tomto tomu ní níž níže výše včetně zprávu zpráva zprávy dopis prověřit ověřit nějak změnu změna \
         změnou rána večer pošlete technik zaplaceno doklad urgentní naléhavé tiskárna počítač aplikace aplikaci \
         přihláška upozornění upravit doplnit příloze příloha příloh odeslat odpověď odpovědět otázka otázku \
         termín zrušit předplatné peněz kolik tohle přece přijde jdou děkuju kdyby abych aby bych",
    ),
    (
        "sl",
        "sem si smo ste so je ni ne niso nisem nismo nimam se mi me jaz na za pa tudi ali ampak vendar kako kot \
         ki kateri katera katero katere lahko prosim hvala pozdravljeni pozdrav živjo dober dan lep lepo že še \
         samo le kjer ko kdaj zato ker vse vsi potrebujem potrebujemo želim želimo rad rada radi vem vedeti vam \
         vas nam nas jih njihov njegov njen ta to ti tem tega te od do po pri brez čez k v z s iz ob bi bil bila \
         bilo bili bom bo bodo bomo boste zdaj sedaj danes jutri včeraj naročilo naročila naročilu račun računa \
         računu geslo gesla prijaviti prijava kaj kdo kam če nič nekdo nekaj zelo veliko med glede zaradi vedno \
         spet znova pravilno vaš vaša vaše vašega naš naša naše našega en ena dva tri več manj prišel prišla \
         prišlo poslati pošiljam poslal poslala poslali zahtevek reklamacija blago pošiljka pošiljke paket \
         plačilo plačila stranka številka številke naslov dela deluje delati napaka napako napisal napisala \
         odpreti prenesti pomoč pomoči moj moja moje svoj svojo treba oglasite javite dopust dopustu pisarna \
         popraviti popravek sicer ponedeljek torek sredo sreda četrtek petek petka soboto nedeljo teden mesec \
         leto ur minut zaenkrat razen torej potem tam tukaj tu sploh dobil dobila prejel prejela prejeli mogli \
         mogel mogla dostava dostavljen vrniti vračilo denar kupil kupila datoteka datoteko zakaj kadar naj bova \
         imam imamo imate ima nimamo imel imela takoj čim prej nihče odgovor odgovoril odgovorila dopusta bodite \
         hitro nujno pred nad pod program gre odprem napiše povezave strežnik strežnikom strežnika poskusil \
         poskusila poskusiti spremenil spremeniti javlja naročil prošnja teh tej temu spodaj zgoraj vključno \
         sporočilo sporočila datum katerega nikjer drugi druga drugo takole naših vaših njo njej njem kvar okvara \
         preveriti preverite nekako spremembo sprememba jutra zvečer zjutraj pošljite tehnik tehnika plačano \
         potrdilo tiskalnik računalnik aplikacija aplikacijo opozorilo urediti dopolniti prilogi priloga \
         odgovoriti vprašanje termin preklicati naročnino delal delala morda verjetno tule boš bosta smeli moral \
         morala morali hotel hotela",
    ),
    (
        "hr",
        "sam si smo ste su je nije nisu nisam nismo nemam se mi me ja na za pa i također takođe ali kako kao koji \
         koja koje koju kojeg kojem mogu možete možemo može molim molimo hvala poštovani poštovana pozdrav \
         srdačan bok dobar dan lijep već još samo gdje kada kad zato jer sve svi trebam trebamo treba želim \
         želimo znam znati vam vas nam nas ih njihov njegov njezin ovaj ova ovo taj ta to tog od do po pri bez \
         kod k u s sa iz o bi bih bio bila bilo bili ću će ćemo ćete biti bude sada danas sutra jučer narudžba \
         narudžbu narudžbe račun računa računu lozinka lozinku prijaviti prijava što tko kamo ako li da ne ništa \
         netko nešto vrlo jako puno među prema zbog uvijek opet ponovno ispravno vaš vaša vaše vašeg naš naša \
         naše našeg jedan jedna dva tri više manje došao došla došlo stigla stigao stiglo poslati šaljem poslao \
         poslala poslali zahtjev reklamacija roba pošiljka pošiljku paket paketu uplata uplatu plaćanje kupac \
         broj brojeva adresa adresu radi rade greška grešku pogreška napisao napisala otvoriti preuzeti pomoć \
         pomoći moj moja moje svoj svoju javite odmor odmoru ured ispraviti ispravak inače ponedjeljak utorak \
         srijeda srijedu četvrtak petak petka subota nedjelja tjedan tjedna mjesec mjesecu godina sati minuta \
         zasad osim dakle zatim tamo ovdje uopće dobio dobila primio primila primili mogli mogao mogla dostava \
         isporuka isporuke vratiti povrat novac kupio kupila datoteka datoteku zašto neka imam imamo imate ima \
         nema odmah hitno hitan nitko odgovor odgovorio odgovorila ili hitro najkasnije prije poslije nakon \
         između preko kući poslu radim radimo trebate javlja jesam jeste niste ondje opcija kojoj kojima njega \
         njih nju pokušao pokušala pokušati promijenio promijenila promijeniti naručio naručila molba ovih tih \
         toj tomu ispod iznad uključujući poruka poruku poruke kojega kojih nigdje drugi druga drugo ovako naših \
         vaših njom njoj njemu kvar provjeriti provjerite nekako promjenu promjena jutros navečer pošaljite \
         tehničar tehničara plaćeno potvrda potvrdu računalo aplikacija aplikaciju upozorenje urediti dopuniti \
         prilogu prilog odgovoriti pitanje termin otkazati pretplatu sad probao probala možda vjerojatno onda \
         biste bismo smjeli morao morala morali htio htjela htjeli pisač",
    ),
    (
        "en",
        "the and you your yours is are was were be been to of in on for with that this these those it its not no \
         do does did don't have has had will would can could should may might i we they he she my our their me us \
         them from at by as or but if so what when where which who how why there here please thank thanks hello \
         hi dear regards best kind order invoice account password login help need want send sent received receive \
         problem issue error working doesn't didn't can't isn't i'm i've about any some all more new after before \
         just still also only very up out over then than again back get got know let see attached because into \
         since yet today tomorrow yesterday make made take through",
    ),
    (
        "de",
        "der die das und ist sind war waren sein zu von in im auf für mit dass dieser diese dieses es nicht kein \
         keine haben hat hatte wird werden würde kann können könnte sollte ich wir sie er mein meine unser unsere \
         ihr ihre ihnen mir mich uns aus an am bei als oder aber wenn so was wann wo welche wer wie warum hier \
         bitte danke vielen dank hallo guten tag sehr geehrte geehrter grüße grüßen freundlichen liebe bestellung \
         rechnung konto passwort hilfe brauche möchte senden gesendet erhalten problem fehler funktioniert noch \
         auch nur über dann wieder nach vor schon einen eine einer einem ein des dem den bis um zum zur doch mal \
         morgen heute gestern leider gerne damit weil",
    ),
    (
        "pl",
        "jest są być był była było nie tak na do dla z ze w we o od po przy bez przez i oraz ale lub albo jak \
         jako który która które może mogę można proszę dziękuję dziękujemy dzień dobry już jeszcze tylko gdy \
         kiedy gdzie dlatego ponieważ bo wszystko potrzebuję chcę chciałbym chciałabym wiem mam mamy ma mi mnie \
         się że by czy co nic ktoś coś bardzo między według podczas wciąż znowu pan pani państwo państwa nasz \
         nasze nasza mój moja moje zamówienie zamówienia faktura fakturę hasło zalogować pozdrawiam pozdrowienia \
         witam cześć teraz dziś jutro wczoraj wysłać wysłałem wysłałam pomoc problem błąd działa również także \
         tego tej ten ta to te jestem jesteśmy będzie będę został została",
    ),
    (
        "hu",
        "a az és is nem van volt lesz vagy de hogy mint ha mert csak még már itt ott ez ezt azt egy kérem kérjük \
         köszönöm köszönjük tisztelt jó napot kívánok üdvözlettel szia sziasztok megrendelés számla jelszó \
         bejelentkezni segítség kell szeretném szeretnék tudom tudok mi én ön önök nekem nekünk most ma holnap \
         tegnap küldöm küldeni kaptam hiba működik nincs mikor hol miért hogyan meg el fel le ki be vissza nagyon \
         minden több után előtt miatt szerint között így úgy lehet tudna tudnának vagyok vagyunk",
    ),
    (
        "fr",
        "le la les un une des et est sont était être à au aux de du en dans sur pour avec que qui ce cette ces il \
         elle on ne pas plus je nous vous ils mon ma mes notre nos votre vos leur me se si ou mais comme quand où \
         comment pourquoi ici bonjour merci cordialement bonne journée commande facture compte mot passe aide \
         besoin voudrais envoyer envoyé reçu problème erreur fonctionne encore aussi tout très bien avoir ai avez \
         avons fait faire peut pouvez suis c'est j'ai n'ai été par sans chez depuis après avant",
    ),
    (
        "es",
        "el la los las un una unos y es son era ser estar está están a al de del en por para con que quien este \
         esta estos no sí más yo nosotros usted ustedes ellos mi mis nuestro su sus me se si o pero como cuando \
         donde cómo qué aquí hola gracias saludos cordial buenos días buenas tardes pedido factura cuenta \
         contraseña ayuda necesito quiero enviar enviado recibido problema error funciona todavía también todo \
         muy bien tengo tiene hemos he ha puede pueden podría sin desde después antes ya lo le nos ahora hoy \
         mañana ayer",
    ),
    (
        "it",
        "il lo la i gli le un uno una e è sono era essere a al alla di del della dei in nel nella da dal su per \
         con che chi questo questa non più io noi voi loro mio mia nostro vostro suo mi si se o ma come quando \
         dove perché qui ciao buongiorno grazie saluti cordiali ordine fattura conto password aiuto bisogno \
         vorrei inviare inviato ricevuto problema errore funziona ancora anche tutto molto bene ho ha abbiamo \
         avete può possibile sia stato stata fare fatto senza dopo prima ora oggi domani ieri gentile distinti vi \
         ci ne",
    ),
    (
        "nl",
        "de het een en is zijn was waren van in op voor met dat die dit deze niet geen ik wij we jij u zij hij \
         mijn ons onze uw jullie hun me mij te aan bij als of maar wanneer waar hoe waarom hier hallo dank \
         bedankt groet groeten vriendelijke geachte beste bestelling factuur rekening wachtwoord hulp nodig graag \
         sturen gestuurd ontvangen probleem fout werkt nog ook alle zeer heb heeft hebben had kan kunnen zou wil \
         willen worden wordt door naar uit over om er wel meer dan nu vandaag morgen gisteren alvast",
    ),
    (
        "pt",
        "o a os as um uma e é são era ser estar está estão ao à de do da dos das em no na por para com que quem \
         este esta isso não mais eu nós você vocês eles meu minha nosso nossa seu sua me se ou mas como quando \
         onde porquê aqui olá obrigado obrigada cumprimentos atenciosamente bom dia boa tarde pedido fatura conta \
         senha ajuda preciso quero enviar enviado recebi recebido problema erro funciona ainda também tudo muito \
         bem tenho tem temos pode podem poderia sem desde depois antes já lhe agora hoje amanhã ontem",
    ),
    (
        "ru",
        "и в не на что это как я мы вы он она они мой наш ваш мне вам нам вас нас с по к у о от до из за для при \
         без через но или если когда где почему здесь да нет уже ещё еще только был была было были будет быть \
         есть может можно здравствуйте спасибо пожалуйста уважением добрый день заказ счёт счет пароль помощь \
         нужно хочу отправить отправил получил проблема ошибка работает также очень все всё так после сегодня \
         завтра вчера",
    ),
    (
        "uk",
        "і й в у не на що це як я ми ви він вона вони мій наш ваш мені вам нам вас нас з із по до від за для при \
         без через але або якщо коли де чому тут так ні вже ще тільки був була було були буде бути є може можна \
         доброго дня вітаю дякую будь ласка повагою замовлення рахунок пароль допомога потрібно хочу надіслати \
         надіслав отримав проблема помилка працює також дуже все після сьогодні завтра вчора",
    ),
    (
        "sv",
        "och att det som en är på för med av inte jag vi ni du han hon de min vår er mig oss till från om eller \
         men när var hur varför här hej tack vänliga hälsningar beställning faktura konto lösenord hjälp behöver \
         vill skicka skickat fått problem fel fungerar också alla mycket har hade kan skulle kommer blir ett den \
         detta nu idag imorgon igår",
    ),
    (
        "ro",
        "și în nu la pe cu de din că este sunt era fi un o al ale a mai dar sau dacă când unde cum aici bună ziua \
         mulțumesc salut stimă comandă factură cont parolă ajutor nevoie vreau trimite trimis primit problemă \
         eroare funcționează foarte tot toate am ai are avem aveți poate puteți vă rog mea meu noastră \
         dumneavoastră",
    ),
];

/// Letters that hardly any other of these languages has.
pub const LETTERS: &[(char, &str, f32)] = &[
    ('ľ', "sk", 3.0),
    ('ĺ', "sk", 4.0),
    ('ŕ', "sk", 4.0),
    ('ô', "sk", 2.0),
    ('ä', "sk", 0.4),
    ('ť', "sk", 1.0),
    ('ť', "cs", 0.4),
    ('ř', "cs", 4.0),
    ('ě', "cs", 4.0),
    ('ů', "cs", 4.0),
    ('ď', "sk", 0.6),
    ('ď', "cs", 0.5),
    ('ň', "sk", 0.6),
    ('ň', "cs", 0.6),
    ('ý', "sk", 0.4),
    ('ý', "cs", 0.4),
    ('ć', "hr", 3.0),
    ('đ', "hr", 3.0),
    ('č', "sl", 0.5),
    ('š', "sl", 0.3),
    ('ž', "sl", 0.3),
    ('č', "hr", 0.4),
    ('š', "hr", 0.4),
    ('ž', "hr", 0.4),
    ('ł', "pl", 4.0),
    ('ą', "pl", 4.0),
    ('ę', "pl", 4.0),
    ('ż', "pl", 4.0),
    ('ś', "pl", 3.0),
    ('ź', "pl", 3.0),
    ('ń', "pl", 2.0),
    ('ć', "pl", 1.0),
    ('ő', "hu", 4.0),
    ('ű', "hu", 4.0),
    ('ö', "hu", 0.4),
    ('ü', "hu", 0.3),
    ('ß', "de", 4.0),
    ('ä', "de", 1.0),
    ('ö', "de", 1.0),
    ('ü', "de", 1.2),
    ('ñ', "es", 4.0),
    ('¿', "es", 4.0),
    ('¡', "es", 4.0),
    ('ã', "pt", 4.0),
    ('õ', "pt", 3.0),
    ('ç', "pt", 1.0),
    ('ç', "fr", 1.5),
    ('œ', "fr", 4.0),
    ('è', "fr", 1.0),
    ('ê', "fr", 1.0),
    ('ù', "fr", 1.0),
    ('ì', "it", 1.5),
    ('ò', "it", 1.5),
    ('å', "sv", 3.0),
    ('ă', "ro", 4.0),
    ('ș', "ro", 4.0),
    ('ț', "ro", 4.0),
    ('ţ', "ro", 4.0),
    ('ы', "ru", 3.0),
    ('э', "ru", 3.0),
    ('ъ', "ru", 3.0),
    ('ё', "ru", 3.0),
    ('і', "uk", 3.0),
    ('ї', "uk", 4.0),
    ('є', "uk", 4.0),
    ('ґ', "uk", 4.0),
    // Long vowels: Slovak and Czech have them, Slovene and Croatian never.
    ('á', "sk", 0.4),
    ('á', "cs", 0.4),
    ('á', "sl", -1.0),
    ('á', "hr", -1.0),
    ('í', "sk", 0.4),
    ('í', "cs", 0.4),
    ('í', "sl", -1.0),
    ('í', "hr", -1.0),
    ('ý', "sk", 0.3),
    ('ý', "cs", 0.3),
    ('ý', "sl", -1.0),
    ('ý', "hr", -1.0),
    ('ú', "sk", 0.5),
    ('ú', "cs", 0.3),
    ('ú', "sl", -1.0),
    ('ú', "hr", -1.0),
    ('é', "sk", 0.3),
    ('é', "cs", 0.3),
    ('é', "sl", -1.0),
    ('é', "hr", -1.0),
    ('č', "sk", 0.3),
    ('č', "cs", 0.3),
    ('š', "sk", 0.3),
    ('š', "cs", 0.3),
    ('ž', "sk", 0.3),
    ('ž', "cs", 0.3),
    ('ť', "sl", -2.0),
    ('ň', "sl", -2.0),
    ('ď', "sl", -2.0),
    ('ľ', "sl", -2.0),
    ('ř', "sl", -2.0),
    ('ě', "sl", -2.0),
    ('ů', "sl", -2.0),
    ('ť', "hr", -2.0),
    ('ň', "hr", -2.0),
    ('ď', "hr", -2.0),
    ('ľ', "hr", -2.0),
    ('ř', "hr", -2.0),
    ('ě', "hr", -2.0),
    ('ů', "hr", -2.0),
];

/// Parts of words: `^` and `$` are the word's edges. For words that no list has, mostly to tell near kin apart.
pub const PIECES: &[(&str, &str, f32)] = &[
    ("ovať$", "sk", 1.5),
    ("iť$", "sk", 1.2),
    ("ať$", "sk", 1.2),
    ("ého$", "sk", 0.4),
    ("ému$", "sk", 0.4),
    ("ách$", "sk", 0.5),
    ("ie$", "sk", 0.4),
    ("iou$", "sk", 1.0),
    ("eme$", "sk", 0.4),
    ("ujem$", "sk", 0.9),
    ("ujeme$", "sk", 0.6),
    ("ujú$", "sk", 1.5),
    ("ia$", "sk", 0.3),
    ("cia$", "sk", 0.8),
    ("ciu$", "sk", 1.0),
    ("ou$", "sk", 0.3),
    ("ov$", "sk", 0.3),
    ("^ne", "sk", 0.1),
    ("dz", "sk", 0.5),
    ("čie", "sk", 0.8),
    ("nie$", "sk", 0.4),
    ("ieť", "sk", 0.8),
    ("iem$", "sk", 0.5),
    ("ujte$", "sk", 0.3),
    ("ejte$", "cs", 0.6),
    ("ajte$", "sk", 0.2),
    ("ené$", "cs", 0.2),
    ("ené$", "sk", 0.2),
    ("kej$", "sk", 0.5),
    ("ské", "cs", 0.1),
    ("zací$", "cs", 0.3),
    ("^naj", "sk", 0.5),
    ("^nejv", "cs", 0.8),
    ("^nejl", "cs", 0.8),
    ("^nejm", "cs", 0.8),
    ("^nejs", "cs", 0.6),
    ("ovat$", "cs", 0.9),
    ("uji$", "cs", 1.5),
    ("uju$", "cs", 1.2),
    ("ejí$", "cs", 1.2),
    ("ení$", "cs", 1.0),
    ("ání$", "cs", 1.0),
    ("ích$", "cs", 0.8),
    ("ého$", "cs", 0.4),
    ("ému$", "cs", 0.4),
    ("ou$", "cs", 0.4),
    ("ce$", "cs", 0.1),
    ("ci$", "cs", 0.2),
    ("ů", "cs", 1.0),
    ("ské$", "cs", 0.2),
    ("ští$", "cs", 1.0),
    ("^při", "cs", 0.8),
    ("^pře", "cs", 0.8),
    ("^prí", "sk", 0.8),
    ("^pre", "sk", 0.3),
    ("nout$", "cs", 1.2),
    ("núť$", "sk", 1.2),
    ("ega$", "sl", 0.9),
    ("emu$", "sl", 0.4),
    ("ijo$", "sl", 0.8),
    ("ajo$", "sl", 1.2),
    ("ejo$", "sl", 1.0),
    ("ujem$", "sl", 0.2),
    ("anje$", "sl", 0.4),
    ("ost$", "sl", 0.3),
    ("ilo$", "sl", 0.3),
    ("ih$", "sl", 0.4),
    ("nje$", "sl", 0.3),
    ("šč", "sl", 1.0),
    ("^naj", "sl", 0.3),
    ("evati$", "sl", 0.6),
    ("jte$", "sl", 0.6),
    ("bno$", "sl", 0.3),
    ("ček$", "sl", 0.4),
    ("ije", "hr", 0.9),
    ("og$", "hr", 0.7),
    ("om$", "hr", 0.2),
    ("ju$", "hr", 0.4),
    ("aju$", "hr", 1.0),
    ("ima$", "hr", 0.3),
    ("anje$", "hr", 0.5),
    ("ost$", "hr", 0.2),
    ("nje$", "hr", 0.3),
    ("ala$", "hr", 0.1),
    ("irati$", "hr", 0.8),
    ("ovati$", "hr", 0.5),
    ("av$", "hr", 0.1),
    ("ao$", "hr", 1.0),
    ("io$", "hr", 0.6),
    ("ski$", "hr", 0.2),
    ("^naj", "hr", 0.2),
    ("evi$", "hr", 0.4),
    ("jeh", "hr", 0.3),
    ("lj", "hr", 0.2),
    ("lj", "sl", 0.1),
    ("ing$", "en", 0.5),
    ("tion$", "en", 0.3),
    ("ly$", "en", 0.4),
    ("ung$", "de", 0.8),
    ("lich", "de", 0.6),
    ("sch", "de", 0.4),
    ("keit$", "de", 0.8),
    ("cz", "pl", 0.8),
    ("sz", "pl", 0.5),
    ("rz", "pl", 0.7),
    ("ow", "pl", 0.2),
    ("sz", "hu", 0.4),
    ("gy", "hu", 0.5),
    ("cs", "hu", 0.4),
    ("ban$", "hu", 0.4),
    ("nak$", "hu", 0.4),
    ("ção", "pt", 2.0),
    ("ción", "es", 2.0),
    ("zione", "it", 1.5),
    ("eux$", "fr", 0.8),
    ("ment$", "fr", 0.4),
    ("ij", "nl", 0.4),
    ("aa", "nl", 0.3),
    ("ee", "nl", 0.2),
];

/// Small words that decide between near kin, with what they add.
pub const KEYS: &[(&str, &str, f32)] = &[
    ("sa", "sk", 0.8),
    ("sa", "hr", 0.2),
    ("se", "cs", 0.3),
    ("se", "sl", 0.2),
    ("se", "hr", 0.3),
    ("in", "sl", 0.6),
    ("i", "hr", 0.4),
    ("u", "hr", 0.5),
    ("iz", "sl", 0.3),
    ("iz", "hr", 0.3),
    ("ji", "sl", 0.4),
    ("ji", "cs", 0.3),
    ("joj", "hr", 0.8),
    ("ju", "sk", 0.4),
    ("ju", "hr", 0.3),
    ("ki", "sl", 0.5),
    ("li", "hr", 0.6),
    ("bo", "sl", 0.5),
    ("aj", "sk", 0.8),
    ("zo", "sk", 0.6),
    ("so", "sk", 0.2),
    ("so", "sl", 0.3),
    ("do", "sk", 0.1),
    ("ze", "cs", 0.3),
];
