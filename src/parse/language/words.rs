//! Words by which a language gives itself away in a short mail: function words first, then what people write to a help
//! desk. Written for this project from grammar, not taken from a corpus. Words of several languages stand in each.

/// Language and its words, separated by blanks, with their diacritics.
pub const WORDS: &[(&str, &str)] = &[
    (
        "sk",
        "som si sme ste sú je nie neviem viem neda nedá ide nejde mám máme máte máš má mi mne ma ťa sa na pre ale \
         aj ako ktorý ktorá ktoré ktorú ktorí môže môžem môžete môžeme nemôžem prosím ďakujem ďakujeme dobrý deň \
         dobrú už ešte iba len alebo keď kde kedy preto pretože lebo všetko všetky všetci potrebujem potrebujeme \
         chcem chcel chcela chceli vedieť vám vás nám nás ich jeho jej tento táto toto tieto tú tej to ten tá od do \
         po pri bez cez k ku o v vo so zo že by bol bola bolo boli nebol nebola nebolo budem bude budú budete tiež \
         asi teraz dnes zajtra včera pozdravom pozdrav objednávka objednávku objednávky faktúra faktúru faktúre \
         faktúry heslo prihlásiť prihlásenie čo čím či ani nič niekto niečo veľmi veľa medzi podľa počas kvôli \
         stále znova správne mail vaše váš vašu vašej vaša náš naša naše nášho jeden jedna dva tri viac menej \
         prišla prišiel prišlo poslať posielam poslal poslala žiadam žiadosť žiadost reklamácia reklamáciu tovar \
         zásielka platba platbu účet účte zákazník číslo čísla adresa adresu funguje nefunguje chyba chybu napísal \
         napísala otvoriť otvorenie stiahnuť pomoc pomôcť môj moja moje mojej svoj svoju treba ozvite ozvať radi \
         rád rada dovolenka dovolenke kancelária opraviť oprava vystavenie inak pondelok pondelka utorok streda \
         stredu štvrtok piatok piatku sobota nedeľa týždeň mesiac rok hodín minút zatiaľ okrem však teda takže \
         potom tam tu vôbec dostal dostala mohli mohol mohla vedeli prosíme ahoj servus zdravím doručenie doručiť \
         dodanie vrátiť vrátenie peniaze kúpil kúpila súbor skúšal skúšala skúsil skúsila skúsiť meniť zmeniť \
         zmenil pomôžte pomozte hlási píše objednal objednala prosba nešlo šlo vášho našom týchto tých tejto tomto \
         tomu nižšie vyššie vrátane správu správa správy list hneď ihneď skôr najskôr ktorého ktorej ktorom niekedy \
         nikto všade iný iná iné takto ktorých našich vašich svojho ňou ňom nej niet preveriť overiť nejako zmenu \
         zmena zmenou rána večer pošlite technik zaplatené doklad súrne urgentne naliehavé tlačiareň počítač \
         aplikácia aplikáciu prihláška upozornenie upraviť doplniť prílohe príloha príloh odoslať odpoveď odpovedať \
         otázka otázku termín vďaka zrušiť predplatné peňazí opäť spadol spadla príde príďte prísť objednávke \
         nájdem nájsť aká aké akú aký ponuku ponuka prijímam vybavené vybaviť vybavenie kuriér neprišiel neprišla \
         neprišlo neprišli chýba chýbajú zmeňte dodaciu dodacia zavolať zavolajte zabudol zabudla poškodená \
         poškodený poškodené čakám čakáme ospravedlňujem neskorú neskoro nerozumiem položke topánky spokojný \
         spokojná zmluvu zmluva podpísanú nemáme nemám nemáte nebude nebudem ďalej ďalší predtým vtedy každý každé \
         niektoré obraciam obrátil obrátiť stránka stránke stránku obchode dlho rýchlo prečo koľko kliknúť zrušte \
         pošlem pošleme poslali zaplatil zaplatila zaplatili zľava zľavu vypadáva vysvetliť vysvetlite dostali \
         tohto niečím niekoho naďalej napriek ozveme kontaktovať kontaktujte predaj predajne zákazníka zákazníkov \
         výmenu výmena reklamovať vrátim vráťte nesvieti svetlo nestihol nestihla posunúť prípad starosti dvere \
         zamknúť aktualizácia zlyhala zlyhalo počítačoch počítača prikladám prikladáme fotku poškodeného obalu \
         dlhujete odhláste odberu výťah predĺžiť predĺžil záruku záruka žiadny žiadna žiadne žiadnu vyskúšal \
         vyskúšala všetkých radili poradiť výber výberom navrhujem navrhujeme súhlasím súhlasíme dohody dohode \
         dohodli čoskoro neskôr skoro minulý budúci tunajší používateľ meno zobrazuje vypisuje otvára zatvára \
         nedajú nedokážem stojí medzitým",
    ),
    (
        "cs",
        "jsem jsi jsme jste jsou je není nejsou nejsem nevím vím nejde jde mám máme máte má mi mně mne mě se na pro \
         ale i jak jako který která které kterou kteří může můžu mohu můžete můžeme nemůžu nemohu prosím děkuji \
         děkujeme díky dobrý den dobrou už ještě jen pouze nebo když kde kdy proto protože všechno vše všechny \
         všichni potřebuji potřebuju potřebujeme chci chtěl chtěla chtěli vědět vám vás nám nás jejich jeho její \
         tento tato toto tyto tu té to ten ta od do po při bez přes k ke o v ve s z ze že by byl byla bylo byli \
         nebyl nebyla nebylo budu bude budou budete také taky asi teď nyní dnes zítra včera pozdravem pozdrav \
         objednávka objednávku objednávky faktura fakturu faktuře faktury heslo přihlásit přihlášení co čím jestli \
         zda ani nic někdo něco velmi moc hodně mezi podle během kvůli stále pořád znovu správně mail vaše váš vaši \
         vašeho náš naše našeho naší jeden jedna dva tři více méně přišla přišel přišlo poslat posílám poslal \
         poslala žádám žádost reklamace reklamaci zboží zásilka zásilku platba platbu účet účtu zákazník číslo \
         čísla adresa adresu funguje nefunguje chyba chybu napsal napsala otevřít stáhnout pomoc pomoci můj moje mé \
         svůj svou třeba ozvěte ozvat rád ráda rádi dovolená dovolené kancelář opravit oprava vystavení jinak \
         pondělí úterý středa středu čtvrtek pátek pátku sobota neděle týden měsíc rok hodin minut zatím kromě však \
         tedy takže potom pak tam tady vůbec dostal dostala mohli mohl mohla prosíme ahoj zdravím doručení doručit \
         dodání vrátit vrácení peníze koupil koupila soubor zkoušel zkoušela zkusil zkusila zkusit změnit změnil \
         pomozte hlásí píše objednal objednala prosba nešlo šlo našem tyhle těch této tomto tomu ní níž níže výše \
         včetně zprávu zpráva zprávy dopis prověřit ověřit nějak změnu změna změnou rána večer pošlete technik \
         zaplaceno doklad urgentní naléhavé tiskárna počítač aplikace aplikaci přihláška upozornění upravit doplnit \
         příloze příloha příloh odeslat odpověď odpovědět otázka otázku termín zrušit předplatné peněz kolik tohle \
         přece přijde jdou děkuju kdyby abych aby bych opět spadl spadla přijďte přijít najdu najít jaká jaké jakou \
         jaký nabídku nabídka přijímám vyřízené vyřídit vyřízeno vyřízení kurýr nepřijel nepřišel nepřišla nepřišlo \
         nepřišly chybí změňte dodací zavolat zavolejte zapomněl zapomněla poškozená poškozený poškozené nedorazily \
         nedorazila nedorazil dorazil dorazila dorazilo čekám čekáme omlouvám pozdní pozdě nerozumím položce boty \
         spokojený spokojená smlouvu smlouva podepsanou nemáme nemám nemáte nebude nebudu další předtím tehdy každý \
         každé některé obracím obrátil obrátit stránka stránce stránku obchodě dlouho rychle proč kliknout zrušte \
         pošlu pošleme zaplatil zaplatila zaplatili sleva slevu vypadává vysvětlit vysvětlete dostali tohoto něčím \
         někoho nadále navzdory ozveme kontaktovat kontaktujte prodej prodejně zákazníka zákazníků výměnu výměna \
         reklamovat vrátím vraťte nesvítí světlo nestihl nestihla posunout případ starosti dveře zamknout \
         aktualizace selhala selhalo počítačích počítače přikládám přikládáme fotku poškozeného obalu dlužíte \
         odhlaste odběru výtah prodloužit prodloužil záruku záruka žádný žádná žádné žádnou vyzkoušel vyzkoušela \
         všech radili poradit výběr výběrem navrhuji navrhujeme souhlasím souhlasíme dohody dohodě dohodli brzy \
         později dříve minulý příští zdejší uživatel jméno zobrazuje vypisuje otevírá zavírá nejdou nedokážu nedá \
         stojí mezitím umíte uměl uměli",
    ),
    (
        "sl",
        "sem si smo ste so je ni ne niso nisem nismo nimam se mi me jaz na za pa tudi ali ampak vendar kako kot ki \
         kateri katera katero katere lahko prosim hvala pozdravljeni pozdrav živjo dober dan lep lepo že še samo le \
         kjer ko kdaj zato ker vse vsi potrebujem potrebujemo želim želimo rad rada radi vem vedeti vam vas nam nas \
         jih njihov njegov njen ta to ti tem tega te od do po pri brez čez k v z s iz ob bi bil bila bilo bili bom \
         bo bodo bomo boste zdaj sedaj danes jutri včeraj naročilo naročila naročilu račun računa računu geslo \
         gesla prijaviti prijava kaj kdo kam če nič nekdo nekaj zelo veliko med glede zaradi vedno spet znova \
         pravilno vaš vaša vaše vašega naš naša naše našega en ena dva tri več manj prišel prišla prišlo poslati \
         pošiljam poslal poslala poslali zahtevek reklamacija blago pošiljka pošiljke paket plačilo plačila stranka \
         številka številke naslov dela deluje delati napaka napako napisal napisala odpreti prenesti pomoč pomoči \
         moj moja moje svoj svojo treba oglasite javite dopust dopustu pisarna popraviti popravek sicer ponedeljek \
         torek sredo sreda četrtek petek petka soboto nedeljo teden mesec leto ur minut zaenkrat razen torej potem \
         tam tukaj tu sploh dobil dobila prejel prejela prejeli mogli mogel mogla dostava dostavljen vrniti vračilo \
         denar kupil kupila datoteka datoteko zakaj kadar naj bova imam imamo imate ima nimamo imel imela takoj čim \
         prej nihče odgovor odgovoril odgovorila dopusta bodite hitro nujno pred nad pod program gre odprem napiše \
         povezave strežnik strežnikom strežnika poskusil poskusila poskusiti spremenil spremeniti javlja naročil \
         prošnja teh tej temu spodaj zgoraj vključno sporočilo sporočila datum katerega nikjer drugi druga drugo \
         takole naših vaših njo njej njem kvar okvara preveriti preverite nekako spremembo sprememba jutra zvečer \
         zjutraj pošljite tehnik tehnika plačano potrdilo tiskalnik računalnik aplikacija aplikacijo opozorilo \
         urediti dopolniti prilogi priloga odgovoriti vprašanje termin preklicati naročnino delal delala morda \
         verjetno tule boš bosta smeli moral morala morali hotel hotela morem moremo priti pride spletno spletni \
         trgovino trgovina trgovine najdem najti koliko stane ponudbo ponudba sprejemam urejeno urejeni ponovno \
         popravilo manjka manjkajo kos spremenite postavke postavko razumem opravičujem pozen blokiran poznem \
         pokličete pokličite pozabil pozabila poškodovano poškodovan poškodovana denarja dobili reklamiral \
         reklamirati čevlje zadovoljna zadovoljen izpada pogodbo pogodba podpisano čakam čakamo strani povezavo \
         povezava klikniti plačal plačala plačali popust nimate nimajo naslednji takrat vsak vsako nekateri obračam \
         razložite stopite kontaktirajte prodajalna prodajalno zamenjavo zamenjava vrnil vrnila vrnem vrnemo \
         preklic prekliči stanje predračun podjetje podjetja zapadlost dobava dobavi dobave kupec kupca kljub \
         namreč skoraj dokler čeprav kar noben nobena nobene nobenega nikoli vsaj preveč premalo dovolj mogoče \
         moramo morate mora moram smem smete želite želel želela želeli hočem hočemo znam znate znali veste vemo \
         dajte dam grem gremo grejo stoji leži delam delajo pošljem pošljemo sporočite sporočam javim prosimo \
         zahvaljujem hvaležen spoštovani pozdravljam telefonsko telefon elektronsko pošto pošte spletna nakup \
         kartica kartico položnica dobavnica garancija garancijo pokvarjen pokvarjena zlomljen poškodba poškodovane \
         prestaviti preložiti rok sestanek pisarni luč vrata vrat ključ zakleniti odkleniti dvigalo nadstropje \
         računalnika posodobitev posodobiti namestitev namestiti zagnati zagon zaslon slika slike fotografija \
         fotografijo priponka priponki priponko embalaža embalaže evrov evro novic odjavite odjava izbira svetovati \
         svetoval preizkusil preizkusila primer primeru skrbi spremenim spreminjam uporabljam uporabnik uporabniško \
         ime izpiše pokaže prikaže odpre zapre naslednje prejšnji predlagam predlagamo lani letos jeseni skupaj \
         posebej vendarle strinjam strinjamo nanaša vezi prilagam prilagamo pošiljamo dogovoru dogovorjeno \
         dogovorili kmalu kasneje pozno zgodaj",
    ),
    (
        "hr",
        "sam si smo ste su je nije nisu nisam nismo nemam se mi me ja na za pa i također takođe ali kako kao koji \
         koja koje koju kojeg kojem mogu možete možemo može molim molimo hvala poštovani poštovana pozdrav srdačan \
         bok dobar dan lijep već još samo gdje kada kad zato jer sve svi trebam trebamo treba želim želimo znam \
         znati vam vas nam nas ih njihov njegov njezin ovaj ova ovo taj ta to tog od do po pri bez kod k u s sa iz \
         o bi bih bio bila bilo bili ću će ćemo ćete biti bude sada danas sutra jučer narudžba narudžbu narudžbe \
         račun računa računu lozinka lozinku prijaviti prijava što tko kamo ako li da ne ništa netko nešto vrlo \
         jako puno među prema zbog uvijek opet ponovno ispravno vaš vaša vaše vašeg naš naša naše našeg jedan jedna \
         dva tri više manje došao došla došlo stigla stigao stiglo poslati šaljem poslao poslala poslali zahtjev \
         reklamacija roba pošiljka pošiljku paket paketu uplata uplatu plaćanje kupac broj brojeva adresa adresu \
         radi rade greška grešku pogreška napisao napisala otvoriti preuzeti pomoć pomoći moj moja moje svoj svoju \
         javite odmor odmoru ured ispraviti ispravak inače ponedjeljak utorak srijeda srijedu četvrtak petak petka \
         subota nedjelja tjedan tjedna mjesec mjesecu godina sati minuta zasad osim dakle zatim tamo ovdje uopće \
         dobio dobila primio primila primili mogli mogao mogla dostava isporuka isporuke vratiti povrat novac kupio \
         kupila datoteka datoteku zašto neka imam imamo imate ima nema odmah hitno hitan nitko odgovor odgovorio \
         odgovorila ili hitro najkasnije prije poslije nakon između preko kući poslu radim radimo trebate javlja \
         jesam jeste niste ondje opcija kojoj kojima njega njih nju pokušao pokušala pokušati promijenio \
         promijenila promijeniti naručio naručila molba ovih tih toj tomu ispod iznad uključujući poruka poruku \
         poruke kojega kojih nigdje drugi druga drugo ovako naših vaših njom njoj njemu kvar provjeriti provjerite \
         nekako promjenu promjena jutros navečer pošaljite tehničar tehničara plaćeno potvrda potvrdu računalo \
         aplikacija aplikaciju upozorenje urediti dopuniti prilogu prilog odgovoriti pitanje termin otkazati \
         pretplatu sad probao probala možda vjerojatno onda biste bismo smjeli morao morala morali htio htjela \
         htjeli pisač ući uđem doći dolazi robu storniranje stigli upute uputa naći cipele reklamirati zadovoljan \
         zadovoljna potpisani ugovor neće kuće dođite cijena cijenu cijene dostave čekam čekamo blokiran ponudu \
         ponuda prihvaćam riješeno riješiti popravak dostavljač nedostaje nedostaju komad promijenite stavku stavka \
         stavke razumijem poslužitelj pao ispričavam kasnom ispada ispalo nazvati nazovite zaboravio zaboravila \
         oštećena oštećen oštećeno stranica stranicu poveznica poveznicu kliknuti platio platila platili popust \
         nemate sljedeći tada svaki svako neki obraćam objasnite kontaktirajte prodavaonica trgovini trgovina \
         zamjenu zamjena otkažite stanje predračun tvrtka tvrtke tvrtku isporučeno isporučena kupca bit poslovnica \
         dobili dobiti nikakav nikakva nikakvo strani zahtjeva obrazac prilažem prilažemo šaljemo šaljite pošaljem \
         molila čim kasnije rano ranije dogovoru dogovoreno dogovorili predlažem predlažemo slažem slažemo iduće \
         prošle sljedeće svugdje nekoga nekome kakva kakav koliko uredu svjetlo rok pomaknuti brine slučaj curi \
         vrata zaključati ažuriranje uspjelo uspijeva uspio uspjela računalima fotografiju fotografija slika slike \
         ambalaža ambalaže eura euro odjavite odjava dizalo kat jamstvo produljiti isprobao isprobala savjet \
         savjetovati odabir korisnik korisničko ime telefon promijenim mijenjam prikazuje ispisuje otvara zatvara \
         zaslon kartica karticu ključ leži stoji mora moram morate moraju dam dajte znate znali garancija garanciju \
         lani pošte pošti telefonsko elektronsko elektronska vezi vezu crn crna crno sva",
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
         morgen heute gestern leider gerne damit weil kam beschädigt kaputt zurückrufen vergessen gesperrt \
         stornieren angekommen angemeldet anmelden drucker paket lieferung",
    ),
    (
        "pl",
        "jest są być był była było nie tak na do dla z ze w we o od po przy bez przez i oraz ale lub albo jak jako \
         który która które może mogę można proszę dziękuję dziękujemy dzień dobry już jeszcze tylko gdy kiedy gdzie \
         dlatego ponieważ bo wszystko potrzebuję chcę chciałbym chciałabym wiem mam mamy ma mi mnie się że by czy \
         co nic ktoś coś bardzo między według podczas wciąż znowu pan pani państwo państwa nasz nasze nasza mój \
         moja moje zamówienie zamówienia faktura fakturę hasło zalogować pozdrawiam pozdrowienia witam cześć teraz \
         dziś jutro wczoraj wysłać wysłałem wysłałam pomoc problem błąd działa również także tego tej ten ta to te \
         jestem jesteśmy będzie będę został została zapomniałem zapomniałam hasła paczka przyszła przyszedł \
         uszkodzona uszkodzony konto zablokowane zwrot reklamacja przesyłka oddzwonić",
    ),
    (
        "hu",
        "a az és is nem van volt lesz vagy de hogy mint ha mert csak még már itt ott ez ezt azt egy kérem kérjük \
         köszönöm köszönjük tisztelt jó napot kívánok üdvözlettel szia sziasztok megrendelés számla jelszó \
         bejelentkezni segítség kell szeretném szeretnék tudom tudok mi én ön önök nekem nekünk most ma holnap \
         tegnap küldöm küldeni kaptam hiba működik nincs mikor hol miért hogyan meg el fel le ki be vissza nagyon \
         minden több után előtt miatt szerint között így úgy lehet tudna tudnának vagyok vagyunk elfelejtettem \
         jelszavamat jelszavam csomag sérülten érkezett megérkezett fiókom zárolva rendelésem rendelés rendelést \
         várok válaszra törölje visszahívni nyomtató szállítás",
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
         contraseña ayuda necesito quiero enviar enviado recibido problema error funciona todavía también todo muy \
         bien tengo tiene hemos he ha puede pueden podría sin desde después antes ya lo le nos ahora hoy mañana \
         ayer impresora olvidado cancele llamar paquete",
    ),
    (
        "it",
        "il lo la i gli le un uno una e è sono era essere a al alla di del della dei in nel nella da dal su per con \
         che chi questo questa non più io noi voi loro mio mia nostro vostro suo mi si se o ma come quando dove \
         perché qui ciao buongiorno grazie saluti cordiali ordine fattura conto password aiuto bisogno vorrei \
         inviare inviato ricevuto problema errore funziona ancora anche tutto molto bene ho ha abbiamo avete può \
         possibile sia stato stata fare fatto senza dopo prima ora oggi domani ieri gentile distinti vi ci ne \
         potete richiamarmi stampante dimenticato riesco accedere annullate pacco spedizione",
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
         este esta isso não mais eu nós você vocês eles meu minha nosso nossa seu sua me se ou mas como quando onde \
         porquê aqui olá obrigado obrigada cumprimentos atenciosamente bom dia boa tarde pedido fatura conta senha \
         ajuda preciso quero enviar enviado recebi recebido problema erro funciona ainda também tudo muito bem \
         tenho tem temos pode podem poderia sem desde depois antes já lhe agora hoje amanhã ontem cancele \
         impressora consigo esqueci ligar encomenda",
    ),
    (
        "ru",
        "и в не на что это как я мы вы он она они мой наш ваш мне вам нам вас нас с по к у о от до из за для при \
         без через но или если когда где почему здесь да нет уже ещё еще только был была было были будет быть есть \
         может можно здравствуйте спасибо пожалуйста уважением добрый день заказ счёт счет пароль помощь нужно хочу \
         отправить отправил получил проблема ошибка работает также очень все всё так после сегодня завтра вчера \
         могу войти забыл заказа принтер отмените пришёл",
    ),
    (
        "uk",
        "і й в у не на що це як я ми ви він вона вони мій наш ваш мені вам нам вас нас з із по до від за для при \
         без через але або якщо коли де чому тут так ні вже ще тільки був була було були буде бути є може можна \
         доброго дня вітаю дякую будь ласка повагою замовлення рахунок пароль допомога потрібно хочу надіслати \
         надіслав отримав проблема помилка працює також дуже все після сьогодні завтра вчора можу увійти забув \
         забула скасуйте принтер прийшло",
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
    (
        "sr",
        "gde šta uvek lepo reč mesto vreme hteo htela ovde sledeći sledeće posle deo obaveštenje poručio poručila \
         porudžbina porudžbinu štampač ponedeljak sreda četvrtak nedelja hiljadu uopšte takođe mesec cene želeo želela \
         izveštaj rešenje rešiti rešeno primetio umesto videli video proveri proverite proverim dobio hvala где шта је \
         није сам сте смо да се на за од са ли како али или још већ када могу можете може хвала поштовани добар дан \
         поруџбина рачун лозинка ради молим потребно имам немам пријавим ваш наш мој моја где",
    ),
    (
        "bg",
        "не на да се за от със съм сме сте са има няма мога може можете моля благодаря здравейте къде какво как кога още \
         вече или но ако защото парола сметка фактура поръчка поръчката поръчките проблем грешка работи получих изпратих \
         нямам имам вас нас ви ни ми до при без само днес утре вчера добър ден поздрави който която което тази този това",
    ),
    (
        "mk",
        "не на да се за од со сум сме сте има нема може можам можете ве молам благодарам здраво каде што како кога уште \
         веќе или но ако затоа лозинка сметка фактура нарачка нарачката проблем грешка работи добив најавам мојата мојот",
    ),
    (
        "da",
        "jeg og ikke er det en et på med til af der som for har kan vil skal hvor hvad hvornår hvordan min mit mine din \
         jeres vi de den dette denne men eller hvis også tak hej venlig hilsen ordre faktura adgangskode hjælp virker \
         modtaget sendt endnu fået har jer os noget efter før",
    ),
    (
        "no",
        "jeg og ikke er det en et på med til av som for har kan vil skal hvor hva når hvordan min mitt mine deres vi dere \
         de den dette denne men eller hvis også takk hei vennlig hilsen bestilling bestillingen faktura passord hjelp \
         virker fungerer mottatt sendt ennå fått får dere oss noe etter før inn",
    ),
    (
        "fi",
        "en on ei ole olen olemme oli minun teidän meidän että ja tai kun mutta jos kiitos hei terveisin tilaus tilaukseni \
         lasku laskun salasana apua toimi toimii vielä missä milloin miten miksi voi voin voitte voisitteko sisään pääse \
         pääsen olisi ovat sekä myös minulle teille meille nyt tänään huomenna eilen se tämä",
    ),
];
