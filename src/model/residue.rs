//! Phrases by which a notification to an agent is recognised though its marker line was lost: as they stand in the texts of
//! every language. A test holds them against the mails that the desk really makes.

/// Of any of these, one is enough. Compared folded and without white space and quote marks, so that no wrapping hides it.
pub const PHRASES: &[&str] = &[
    // The marker's own words.
    "odpoveď napíšte nad tento riadok",
    "odpověď napište nad tento řádek",
    "odgovor napišite nad to vrstico",
    "odgovor napišite iznad ovog retka",
    "write your answer above this line",
    "Antwort bitte über diese Zeile schreiben",
    // How to answer.
    "Čo napíšete nad čiaru",
    "Co napíšete nad čáru",
    "Kar napišete nad črto",
    "Što napišete iznad crte",
    "What you write above the line goes to the customer",
    "Was Sie über die Linie schreiben",
    // Who may be let in.
    "ktoré nie sú v tikete (#accept",
    "které nejsou v tiketu (#accept",
    "ki niso v zahtevku (#accept",
    "koje nisu u zahtjevu (#accept",
    "which are not on the ticket (#accept",
    "die nicht am Ticket beteiligt sind (#accept",
    // Notes.
    "Zákazník ju nevidí.",
    "Zákazník ji nevidí.",
    "Stranka je ne vidi.",
    "Korisnik je ne vidi.",
    "The customer does not see it.",
    "Der Kunde sieht sie nicht.",
];

/// What a notification begins with: these words, a ticket's number, those words.
pub const OPENINGS: &[(&str, &str)] = &[
    ("Nový tiket ", " je Váš"),
    ("Nový tiket ", ". Dostáv"),
    ("V tikete ", " je nová"),
    ("V tiketu ", " je nová"),
    ("Tiket ", " je odteraz Váš"),
    ("Tiket ", " je od této chvíle Váš"),
    ("Novi zahtevek ", " je Vaš"),
    ("Novi zahtevek ", ". Prej"),
    ("V zahtevku ", " je nov"),
    ("Zahtevek ", " je odslej Vaš"),
    ("Novi zahtjev ", " je Vaš"),
    ("Novi zahtjev ", ". Dobiva"),
    ("U zahtjevu ", " nova je"),
    ("Zahtjev ", " odsad je Vaš"),
    ("Ticket ", " is new"),
    ("There is a new message on ticket ", "."),
    ("There is a new note on ticket ", " ("),
    ("Ticket ", " is now yours"),
    ("Neues Ticket ", ". Die ganze Gruppe"),
    ("Das neue Ticket ", " gehört Ihnen"),
    ("Im Ticket ", " gibt es eine neue"),
    ("Das Ticket ", " gehört ab jetzt Ihnen"),
];

/// Labels that stand in no letter to a customer: a line that begins with one and a colon is enough.
pub const LABELS: &[&str] = &[
    "Poznámka ku kontaktu",
    "Prečo Vy",
    "Predchádzajúce tikety",
    "Poznámka ke kontaktu",
    "Proč Vy",
    "Předchozí tikety",
    "Opomba o stiku",
    "Zakaj Vi",
    "Prejšnji zahtevki",
    "Bilješka o kontaktu",
    "Zašto Vi",
    "Raniji zahtjevi",
    "Note on the contact",
    "Why you",
    "Earlier tickets",
    "Notiz zum Kontakt",
    "Warum Sie",
    "Frühere Tickets",
];

/// Labels that anybody may write: of these it takes [`COMMON_MIN`] lines.
pub const COMMON: &[&str] = &[
    "Predmet",
    "Organizácia",
    "Odosielateľ",
    "Kategória",
    "Priorita",
    "Stav",
    "Předmět",
    "Organizace",
    "Odesílatel",
    "Kategorie",
    "Zadeva",
    "Organizacija",
    "Pošiljatelj",
    "Kategorija",
    "Prioriteta",
    "Stanje",
    "Naslov",
    "Prioritet",
    "Status",
    "Subject",
    "Organisation",
    "Sender",
    "Category",
    "Priority",
    "Betreff",
    "Absender",
    "Priorität",
    "Stand",
];
pub const COMMON_MIN: usize = 3;
