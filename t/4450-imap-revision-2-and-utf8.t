#!/usr/bin/env python3
# IMAP4rev2 (RFC 9051) and UTF8=ACCEPT (RFC 6855) by ENABLE. The tests follow the list of changes in RFC 9051, appendix E: numbers in
# parentheses; what has a test of its own elsewhere is named in t/README.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

GLOBAL = b"""Subject: outer
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; name*0=long; name*1=name

text
--b
Content-Type: message/global

Subject: gr\xc3\xbcn
From: \xc3\xa4nna@example.org

inner
--b--
"""


def session(*enable, box=None):
    s = Session(box or Maildir())
    if enable:
        equal(s.ok("ENABLE " + " ".join(enable)).lines, [b"* ENABLED " + " ".join(enable).encode()])
    return s


def rev2(box=None):
    return session("IMAP4rev2", box=box)


@test("IMAP4rev1 is named first and IMAP4rev2 beside it, with what it is made of (2, 3); ENABLE does not change the list")
def _():
    s = session()
    line = s.ok("CAPABILITY").lines[0]
    matches(line, r"^\* CAPABILITY IMAP4rev1 IMAP4rev2 ")
    for part in ("NAMESPACE", "UNSELECT", "UIDPLUS", "ESEARCH", "SEARCHRES", "ENABLE", "IDLE", "LIST-EXTENDED", "LIST-STATUS", "MOVE", "LITERAL+",
                 "SPECIAL-USE", "STATUS=SIZE", "BINARY", "UTF8=ACCEPT"):
        check(b" " + part.encode() in line, part)
    s.ok("ENABLE IMAP4rev2 UTF8=ACCEPT")
    equal(s.ok("CAPABILITY").lines[0], line)


@test("SELECT tells LIST and CLOSED, and neither RECENT nor UNSEEN (9-12)")
def _():
    box = Maildir()
    box.add(b"Subject: x\n\n")
    s = rev2(box)
    lines = s.ok("SELECT inbox").lines
    check(any(re.match(rb'\* LIST \(.*\) "\." INBOX \("OLDNAME" \("?inbox"?\)\)$', l) for l in lines), lines)
    check(not any(b"RECENT" in l or b"Recent" in l or b"[UNSEEN" in l for l in lines), lines)
    lines = s.ok("EXAMINE INBOX").lines
    check(any(re.match(rb'\* LIST \([^)]*\) "\." INBOX$', l) for l in lines), lines)
    check(any(l.startswith(b"* OK [CLOSED]") for l in lines), lines)
    old = session(box=box)
    lines = old.ok("SELECT INBOX").lines
    check(any(b"RECENT" in l for l in lines) and not any(b"LIST" in l for l in lines), lines)


@test("no \\Recent among flags, no RECENT with new mail, and FETCH that nobody asked for has the UID (12, 21)")
def _():
    box = Maildir()
    s = rev2(box)
    s.ok("SELECT INBOX")
    box.add(b"Subject: x\n\n")
    lines = s.ok("NOOP").lines
    check(b"* 1 EXISTS" in lines and not any(b"RECENT" in l for l in lines), lines)
    equal(s.fetch("1", "FLAGS")[1]["FLAGS"], [])
    other = session(box=box)
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    lines = s.ok("NOOP").lines
    check(any(re.match(rb"\* 1 FETCH \(UID 1 FLAGS \(\\Flagged\)", l) for l in lines), lines)


@test("SEARCH is answered with ESEARCH (4)")
def _():
    s = rev2()
    s.append(b"Subject: x\r\n\r\n")
    s.append(b"Subject: x\r\n\r\n")
    s.ok("SELECT INBOX")
    lines = s.ok("UID SEARCH ALL").lines
    check(any(re.match(rb'\* ESEARCH \(TAG "t\d+"\) UID ALL 1:2$', l) for l in lines), lines)
    check(not any(l.startswith(b"* SEARCH") for l in lines), lines)
    lines = s.ok("SEARCH DELETED").lines
    check(any(re.match(rb'\* ESEARCH \(TAG "t\d+"\)$', l) for l in lines), lines)


@test("STATUS knows SIZE and DELETED (3)")
def _():
    s = rev2()
    s.append(b"Subject: x\r\n\r\n", flags="\\Deleted")
    equal(s.ok("STATUS INBOX (DELETED SIZE)").lines, [b"* STATUS INBOX (DELETED 1 SIZE 14)"])


@test("names of mailboxes are UTF-8 both ways once that is enabled, and modified UTF-7 before (16)")
def _():
    for enable in ("IMAP4rev2", "UTF8=ACCEPT"):
        box = Maildir()
        s = session(enable, box=box)
        name = "Entwürfe & Pläne".encode()
        s.ok(b'CREATE "' + name + b'"')
        s.ok(b'SUBSCRIBE "' + name + b'"')
        for command in (b'LIST "" *', b'LIST "" "Entw\xc3\xbc*"', b'LSUB "" *'):
            check(any(l.endswith(b'"' + name + b'"') for l in s.ok(command).lines), command)
        matches(s.ok(b'STATUS "' + name + b'" (MESSAGES)').lines[0].decode(), name.decode())
        s.append(b"Subject: x\r\n\r\n", folder='"' + name.decode() + '"')
        s.ok(b'SELECT "' + name + b'"')
        s.ok(b"SELECT {%d+}\r\n%s" % (len(name), name))
        s.no('SELECT "Entw&APw-rfe &- Pl&AOQ-ne"', "NONEXISTENT")
        old = session(box=box)
        check(any(b'"Entw&APw-rfe &- Pl&AOQ-ne"' in l for l in old.ok('LIST "" *').lines))
        old.ok('SELECT "Entw&APw-rfe &- Pl&AOQ-ne"')
        old.ok(b'SELECT "' + name + b'"')


@test("names must be Net-Unicode: composed, without controls, and well-formed; a quoted string that is no UTF-8 is BAD")
def _():
    s = rev2()
    for name in ("a\u0308", "a\u2028b", "a\u0085b", "a\u2029"):
        s.no('CREATE "%s"' % name, "CANNOT")
    s.ok("CREATE plain")
    s.no('RENAME plain "a\u0308"', "CANNOT")
    s.bad(b'CREATE "a\xff"')
    s.no(b"CREATE {2+}\r\na\xff", "CANNOT")
    s.ok('RENAME plain "\u00e4"')
    s.ok('CREATE "\U0001f4ec"')


@test("APPEND takes UTF-8 headers as UTF8 (~{n}), alone, in CATENATE and with others, once that is enabled")
def _():
    message = "Subject: grün\r\nFrom: änna@example.org\r\n\r\nText\r\n".encode()
    literal = b"UTF8 (~{%d+}\r\n%s)" % (len(message), message)
    s = session()
    s.no(b"APPEND INBOX " + literal, "CANNOT")
    s = session("UTF8=ACCEPT")
    s.ok(b"APPEND INBOX (\\Seen) " + literal)
    s.ok(b"APPEND INBOX CATENATE (" + literal + b" TEXT {4+}\r\nmore)")
    s.ok(b"APPEND INBOX " + literal + b" {5+}\r\nplain " + literal)
    s.send(b"x APPEND INBOX UTF8 (~{5}\r\n")
    check(s.line().startswith(b"+ "))
    s.send(b"hello)\r\n")
    while not s.line().startswith(b"x OK"):
        pass
    s.ok("SELECT INBOX")
    got = s.fetch("1:*", "BODY.PEEK[]")
    equal([got[i]["BODY[]"] for i in sorted(got)], [message, message + b"more", message, b"plain", message, b"hello"])
    for rest in (b"UTF8 {1+}\r\nx", b"UTF8 ({1+}\r\nx)", b"UTF8 (~{1+}\r\nx ~{1+}\r\nx)", b"UTF8 ()", b"UTF8 (x)", b"UTF8 (~{1+}\r\nx y)"):
        check(s.do(b"APPEND INBOX " + rest).status == "BAD", rest)
        s.ok("NOOP")
    s.ok(b"UID REPLACE 1 INBOX " + literal)


@test("SEARCH takes UTF-8 in quoted strings, and no CHARSET beside")
def _():
    s = session("UTF8=ACCEPT")
    s.append("Subject: grün\r\n\r\n".encode())
    s.ok("SELECT INBOX")
    equal(s.search('SUBJECT "GRÜN"'.encode()), [1])
    s.bad("SEARCH CHARSET UTF-8 SUBJECT x")


@test("BODYSTRUCTURE joins continued parameters (6) and shows a message/global as a message")
def _():
    box = Maildir()
    box.add(GLOBAL)
    old = session(box=box)
    old.ok("SELECT INBOX")
    before = old.fetch("1", "BODYSTRUCTURE")[1]["BODYSTRUCTURE"]
    equal(before[0][2][:2], [b"name", b"longname"])
    s = rev2(box)
    s.ok("SELECT INBOX")
    for item in ("BODYSTRUCTURE", "BODY"):
        part = s.fetch("1", item)[1][item][1]
        equal([p.lower() for p in part[:2]], [b"message", b"global"])
        equal(part[7][1], "grün".encode())
        equal(part[8][0].lower(), b"text")
    check(not isinstance(before[1][7], list), before[1])
    equal(s.fetch("1", "BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]")[1]["BODY[2.HEADER.FIELDS (SUBJECT)]"], "Subject: grün\r\n\r\n".encode())


@test("what is deprecated is still understood (17-19), keywords for mail programs are kept (15), and COPYUID comes with MOVE (7, 8)")
def _():
    s = rev2()
    s.append(b"Subject: x\r\n\r\nbody")
    s.ok("SELECT INBOX")
    s.ok("CHECK")
    s.ok('LSUB "" *')
    equal(s.fetch("1", "RFC822.TEXT")[1]["RFC822.TEXT"], b"body")
    keywords = ["$MDNSent", "$Forwarded", "$Junk", "$NonJunk", "$Phishing"]
    s.ok("STORE 1 FLAGS (%s)" % " ".join(keywords))
    equal(sorted(s.fetch("1", "FLAGS")[1]["FLAGS"]), sorted(keywords))
    s.no("MOVE 1 nowhere", "TRYCREATE")
    s.ok("CREATE there")
    check(any(b"[COPYUID " in l for l in s.ok("MOVE 1 there").lines))


@test("partial fetches have 63 bits (1), BINARY is there (2), and \"$\" is what SEARCH saved")
def _():
    s = rev2()
    s.append(b"Subject: x\r\n\r\nbody")
    s.ok("SELECT INBOX")
    equal(s.fetch("1", "BODY.PEEK[]<9223372036854775806.1>")[1]["BODY[]<9223372036854775806>"], b"")
    s.ok("SEARCH RETURN (SAVE) ALL")
    equal(list(s.fetch("$", "BINARY.SIZE[1]")), [1])


run()
