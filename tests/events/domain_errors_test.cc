// Every kind of mistake that a schema can have, with the place and the message that it gives.

#include <gtest/gtest.h>

#include "forge/events/domain.h"

namespace forge {
namespace {

struct Broken {
  const char* name;
  const char* text;
  std::vector<std::string> errors;  // place, number, message
};

void PrintTo(const Broken& broken, std::ostream* out) {
  *out << broken.name;
}

const Broken kBroken[] = {
    {"UnknownAttributeNamesTheNearest",
     R"x(table Order (resorce) { id: string (key); qty: int (check: "qty > 0"); })x",
     {R"x(a.fbs:1:14 E2004 the attribute 'resorce' is unknown on 'Order': did you mean 'resource'?; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"UnknownAttributeOnAField",
     R"x(table Order (resource) { id: string (key, uniqe); })x",
     {R"x(a.fbs:1:43 E2004 the attribute 'uniqe' is unknown on 'Order.id': did you mean 'unique'?; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"RepeatedAttribute",
     R"x(table Order (resource) {
  id: string (key);
  qty: int (check: "qty > 0", check: "qty < 9");
})x",
     {R"x(a.fbs:3:31 E2004 the attribute 'check' is repeated on 'Order.qty': the first would win; several rules stand in one text, separated by ';'; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"AttributeOnTheWrongDeclaration",
     R"x(table Order (resource, creates) { id: string (key, require: "id = 'a'"); })x",
     {R"x(a.fbs:1:24 E2004 the attribute 'creates' does not belong on 'Order': it belongs on an action; see schemas/forge.fbs for each attribute's grammar)x",
      R"x(a.fbs:1:52 E2004 the attribute 'require' does not belong on 'Order.id': it belongs on an action; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"CheckOnAnArgument",
     R"x(table Order (resource) { id: string (key); }
table Place (action: "Order.place", creates) { n: int = 1 (check: "n > 0"); })x",
     {R"x(a.fbs:2:60 E2004 the attribute 'check' does not belong on 'Place.n': it belongs on a resource or a field of a resource; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"KeyOnAnArgument",
     R"x(table Order (resource) { id: string (key); }
table Place (action: "Order.place", creates) { id: string (key); })x",
     {R"x(a.fbs:2:60 E2004 the attribute 'key' does not belong on 'Place.id': it belongs on a resource or a field of a resource; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"ActionWordsWithoutAnAction",
     R"x(table Place (creates, event: "Order.placed") { n: int = 1; })x",
     {R"x(a.fbs:1:14 E2004 the attribute 'creates' does not belong on 'Place': it belongs on an action; see schemas/forge.fbs for each attribute's grammar)x",
      R"x(a.fbs:1:23 E2004 the attribute 'event' does not belong on 'Place': it belongs on an action; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"AttributeOnAnEnum",
     R"x(enum Status: byte (unique) { Placed }
table Order (resource) { id: string (key); })x",
     {R"x(a.fbs:1:20 E2004 the attribute 'unique' does not belong on 'Status': it belongs on a resource or a field of a resource; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"ValueWhereNoneBelongs",
     R"x(table Order (resource: "yes") { id: string (key: 1); qty: int (unique: "a"); })x",
     {R"x(a.fbs:1:14 E2004 the attribute 'resource' takes no value on 'Order'; write (resource))x",
      R"x(a.fbs:1:45 E2004 the attribute 'key' takes no value on 'Order.id'; write (key))x",
      R"x(a.fbs:1:64 E2004 the attribute 'unique' takes no value on 'Order.qty'; write (unique))x"}},
    {"ValueMissing",
     R"x(table Order (resource) { id: string (key); qty: int (check); }
table Place (action, creates) { n: int = 1; })x",
     {R"x(a.fbs:1:54 E2004 the attribute 'check' needs a text on 'Order.qty'; write check: "qty > 0")x",
      R"x(a.fbs:2:14 E2004 the attribute 'action' needs a text on 'Place'; write (action: "Order.place", creates))x"}},
    {"ValueOfAnotherSort",
     R"x(table Order (resource, check: 5) { id: string (key); })x",
     {R"x(a.fbs:1:24 E2004 the attribute 'check' needs a text on 'Order'; write check: "qty > 0")x"}},
    {"BlankRule",
     R"x(table Order (resource, check: " ") { id: string (key); })x",
     {R"x(a.fbs:1:24 E2004 the attribute 'check' needs a text on 'Order'; write check: "qty > 0")x"}},
    {"ResourceAndAction",
     R"x(table Order (resource, action: "Order.place", creates) { id: string (key); })x",
     {R"x(a.fbs:1:24 E2004 the table 'Order' is a resource and an action; see schemas/forge.fbs for each attribute's grammar)x",
      R"x(a.fbs:1:47 E2004 the attribute 'creates' does not belong on 'Order': it belongs on an action; see schemas/forge.fbs for each attribute's grammar)x"}},
    {"LaterWords",
     R"x(table Order (resource, bitemporal) { id: string (key); mail: string (personal); })x",
     {R"x(a.fbs:1:24 E2007 the attribute 'bitemporal' on 'Order' comes with a later version; leave it out)x",
      R"x(a.fbs:1:70 E2007 the attribute 'personal' on 'Order.mail' comes with a later version; leave it out)x"}},
    {"KeyOnTheTableAndOnAField",
     R"x(table Order (resource, key: "a,b") { a: string (key); b: string; })x",
     {R"x(a.fbs:1:49 E2006 the resource 'Order' has two keys: one stands on the table; leave one out)x"}},
    {"KeyOfUnknownAndRepeatedFields",
     R"x(table A (resource, key: "ab, ba") { ab: string; bb: string; }
table B (resource, key: "ab, ab") { ab: string; })x",
     {R"x(a.fbs:1:30 E2004 the resource 'A' has no field 'ba': did you mean 'bb'?; name its own fields)x",
      R"x(a.fbs:2:30 E2004 the field 'ab' is named twice; name it once)x"}},
    {"KeyOfAFloat",
     R"x(table A (resource, key: "a, b") { a: string; b: double; })x",
     {R"x(a.fbs:1:20 E2006 the key 'b' cannot be of type double: a key is a string or an integer; mend the schema)x"}},
    {"TextWhereAFieldTakesNoneAndATableTakesOne",
     R"x(table A (resource, unique, index) { a: string (key); b: int (index: "b"); })x",
     {R"x(a.fbs:1:20 E2004 the attribute 'unique' needs a text on 'A'; write unique: "slot: day, room")x",
      R"x(a.fbs:1:28 E2004 the attribute 'index' needs a text on 'A'; write index: "by_sku: sku, qty")x",
      R"x(a.fbs:1:62 E2004 the attribute 'index' takes no value on 'A.b'; write (index))x"}},
    {"LimitsThatDoNotFitTheirField",
     R"x(table A (resource) { a: string (key, min: 1); b: int (length: "1"); c: bool (max: 1); d: int (match: "x"); })x",
     {R"x(a.fbs:1:38 E2004 the attribute 'min' on 'a' cannot be: its type is string; only numbers have it; leave it out)x",
      R"x(a.fbs:1:55 E2004 the attribute 'length' on 'b' cannot be: its type is int; only strings and vectors have it; leave it out)x",
      R"x(a.fbs:1:78 E2004 the attribute 'max' on 'c' cannot be: its type is bool; only numbers have it; leave it out)x",
      R"x(a.fbs:1:95 E2004 the attribute 'match' on 'd' cannot be: its type is int; only strings have it; leave it out)x"}},
    {"LimitsThatAreMalformed",
     R"x(table A (resource) { a: string (key, length: "3..1"); b: int (min: "x"); c: string (match: "("); d: string (length: "a..b"); e: int (max); })x",
     {R"x(a.fbs:1:38 E2004 the attribute 'length' on 'a' cannot be: it ends before it begins; swap the bounds)x",
      R"x(a.fbs:1:63 E2004 the attribute 'min' on 'b' cannot be: 'x' is no int; write a number: min: 0)x",
      R"x(a.fbs:1:85 E2004 the pattern '(' cannot be compiled: missing ): (; write it as RE2 takes it: "[^@]+@[^@]+")x",
      R"x(a.fbs:1:109 E2004 the attribute 'length' on 'd' cannot be: 'a..b' is no length; write length: "1..80", "8", "1.." or "..80")x",
      R"x(a.fbs:1:134 E2004 the attribute 'max' needs a value on 'A.e'; write max: 100)x"}},
    {"LimitThatIsNoIntegerWithoutQuotes",
     R"x(table A (resource) { a: string (key); f: double (min: 0.5); })x",
     {R"x(a.fbs:1:50 E2004 the attribute 'min' needs an integer or a text on 'A.f': FlatBuffers takes no other value here; write min: "0.5")x"}},
    {"DefaultOutsideOfItsLimits",
     R"x(table A (resource) { a: string (key); b: int = 0 (min: 1); })x",
     {R"x(a.fbs:1:39 E2006 the default of 'b' breaks its own limits: it is 0, min is 1; change one of them)x"}},
    {"UniqueOfUnknownFieldsAndBrokenConditions",
     R"x(table A (resource, unique: "x: a, bb; y: b where b >; ") { a: string (key); b: int; }
table B (resource, unique: "b where now() > 1") { a: string (key); b: int; }
table C (resource, unique: "b; b") { a: string (key); b: int; }
table D (resource, unique: "b c") { a: string (key); b: int; c: double (unique); })x",
     {R"x(a.fbs:1:35 E2004 the resource 'A' has no field 'bb': did you mean 'b'?; name its own fields)x",
      R"x(a.fbs:2:37 E2001 the expression uses now(): it is a transaction's time, and there is none here; mend the rule)x",
      R"x(a.fbs:3:32 E2005 the constraint name 'b' is taken: another of C has it; name it otherwise: "NAME: FIELD, FIELD")x",
      R"x(a.fbs:4:31 E2004 the attribute 'unique' is malformed: expected ',', 'where' or ';', found 'c'; write unique: "slot: day, room where status <> 'Cancelled'")x",
      R"x(a.fbs:4:73 E2006 the field 'c' cannot be unique: its type is double; unique fields are strings, integers and enums; mend the schema)x"}},
    {"IndexOfWhatHasNoOrder",
     R"x(table A (resource, index: "b: b, n; b: n") { a: string (key); b: double; n: int (index); })x",
     {R"x(a.fbs:1:28 E2006 the field 'b' cannot be in an index: its type is double; strings, integers, enums and bools can; mend the schema)x"}},
    {"ReferencesThatDoNotFit",
     R"x(table Customer (resource) { id: string (key); }
table A (resource, references: "a -> Customer; a, n -> Customer; n") { a: string (key); n: int (references: "Customer"); m: string (references: "Custmer"); })x",
     {R"x(a.fbs:2:56 E2006 'A.a_n' does not fit the key of Customer: its key is id: string; reference it by fields of these types)x",
      R"x(a.fbs:2:67 E2004 the attribute 'references' is malformed: expected ',' or '->', found the end; write references: "order, line -> OrderLine")x",
      R"x(a.fbs:2:110 E2006 'A.n' does not fit the key of Customer: its key is id: string; reference it by fields of these types)x",
      R"x(a.fbs:2:146 E2006 'A.m' references an unknown resource 'Custmer': did you mean 'Customer'?; mend the schema)x"}},
    {"ComputedInACircleAndSet",
     R"x(table A (resource) { a: string (key); b: int (computed: "c + 1"); c: int (computed: "b"); d: int (computed: "a"); e: int (computed: "1"); }
table Add (action: "A.add", creates, set: "e = 1") { e: int; })x",
     {R"x(a.fbs:1:47 E2006 the computed field 'b' rests on itself: c + 1; compute it from fields that do not read it)x",
      R"x(a.fbs:1:75 E2006 the computed field 'c' rests on itself: b; compute it from fields that do not read it)x",
      R"x(a.fbs:1:110 E2003 the value of 'd' does not fit 'd': a is text, the field is int; mend the rule)x",
      R"x(a.fbs:2:38 E2006 the action 'A.add' cannot set the computed field 'e': it follows from others; leave it out)x",
      R"x(a.fbs:2:54 E2006 the argument 'e' of A.add cannot set a computed field: the field follows from others; leave it out, or give it another name)x"}},
    {"TransitionsThatAreMalformed",
     R"x(enum S : byte { New, Open }
table A (resource) { a: string (key); b: S (transitions: "New -> Opn"); c: S (transitions: "New Open"); d: int (transitions: "a -> b"); e: S = null (transitions: "New -> Open"); })x",
     {R"x(a.fbs:2:66 E2004 'Opn' is not a name of S: did you mean 'Open'?; name its values)x",
      R"x(a.fbs:2:97 E2004 the attribute 'transitions' is malformed: expected '->', found 'Open'; write transitions: "Placed -> Paid, Cancelled; Paid -> Shipped")x",
      R"x(a.fbs:2:113 E2006 the field 'd' cannot have transitions: only an enum that is never null has them; mend the schema)x",
      R"x(a.fbs:2:150 E2006 the field 'e' cannot have transitions: only an enum that is never null has them; mend the schema)x"}},
    {"PartnersThatAreMalformed",
     R"x(table A (resource) { a: string (key); n: int; t: string (secret); }
table Add (action: "A.add", creates, with: "A.drp") { n: int; t: string; }
table Drop (action: "A.drop", destroys, with: "A.add: m; A.add") { m: double = 1; }
table Put (action: "A.put", upserts, with: "A.add: n = a") {}
table Pit (action: "A.pit", upserts, with: "A.add n") {}
table Tap (action: "A.tap", updates, with: "A.add: t") { t: string; }
table All (action: "A.all", reads, with: "A.add") {})x",
     {R"x(a.fbs:2:45 E2006 'A.add' cannot stand with 'A.drp': did you mean 'A.drop'?; mend the schema)x",
      R"x(a.fbs:3:55 E2006 A.add has no argument 'm'; mend the schema)x",
      R"x(a.fbs:4:52 E2006 'n' and 'a' cannot be compared: both are texts, integers or of one enum, and not secret; mend the schema)x",
      R"x(a.fbs:5:51 E2004 the attribute 'with' is malformed: expected ';', ',' or the end, found 'n'; write with: "Account.credit: transfer, cents; Transfer.make: id = transfer")x",
      R"x(a.fbs:6:52 E2006 't' and 't' cannot be compared: both are texts, integers or of one enum, and not secret; mend the schema)x",
      R"x(a.fbs:7:36 E2006 the attribute 'with' does not belong on the action 'A.all': an action that reads changes nothing; leave it out)x"}},
    {"MarksWhereTheyCannotBe",
     R"x(table A (resource) { a: string (key, secret); b: double (tag); c: string (tag, secret); d: string; }
table Add (action: "A.add", creates, timeout: "soon") { d: string (secret); })x",
     {R"x(a.fbs:1:38 E2006 the key 'a' cannot be secret: keys are shown; mend the schema)x",
      R"x(a.fbs:1:58 E2006 the field 'b' cannot be a tag: its type is double; strings, integers, enums and bools can; mend the schema)x",
      R"x(a.fbs:1:75 E2006 the field 'c' cannot be a tag: it is secret; mend the schema)x",
      R"x(a.fbs:2:38 E2004 the timeout 'soon' cannot be read; write it as 250ms, 2s, 3m or 1h)x",
      R"x(a.fbs:2:68 E2006 the secret argument 'd' sets a field that is not: what is kept in 'd' is shown; mark the field secret, too)x"}},
    {"WorkflowsOfActions",
     R"x(table A (resource) { a: string (key); }
table Go (action: "A.go", generic, workflow: "go on") {}
table Add (action: "A.add", creates, workflow: "go") {})x",
     {R"x(a.fbs:2:36 E2004 the workflow 'go on' cannot have that name; a name is a letter, then letters, digits, '_' and '-', 64 at most)x",
      R"x(a.fbs:3:38 E2006 the attribute 'workflow' does not belong on the action 'A.add': only a generic action starts a run; leave it out)x"}},
    {"DefaultOnAnInteger",
     R"x(table Order (resource) { id: string (key); qty: int (default: "1"); })x",
     {R"x(a.fbs:1:54 E2004 the attribute 'default' does not belong on 'qty': its type is int, not string; write qty: int = VALUE;)x"}},
    {"StringDefaultAfterEquals",
     R"x(table Order (resource) { id: string (key); note: string = "none"; })x",
     {R"x(a.fbs:1:59 E2006 the string 'note' cannot have a default after '='; write note: string (default: "none");)x"}},
    {"VectorDefault",
     R"x(table Order (resource) { id: string (key); notes: [string] = []; })x",
     {R"x(a.fbs:1:62 E2006 the [string] 'notes' cannot have a default after '='; leave it out)x"}},
    {"DefaultThatIsNotFinite",
     R"x(table Order (resource) { id: string (key); rate: double = nan; })x",
     {R"x(a.fbs:1:59 E2006 a default is a finite number; write another one)x"}},
    {"DefaultBeyondInt64",
     R"x(table Order (resource) { id: string (key); n: ulong = 9223372036854775808; })x",
     {R"x(a.fbs:1:55 E2006 the default of 'n' is 2^63 or more; write a smaller one)x"}},
    {"EnumWithoutZeroNeedsADefault",
     R"x(enum Status: byte { Placed = 1, Paid }
table Order (resource) {
  id: string (key);
  status: Status;
})x",
     {R"x(a.fbs:4:3 E2000 the field 'status' needs another default: the enum 'Status' has no value 0; write status: Status = VALUE; or = null;)x"}},
    {"EnumValueBeyondInt64",
     R"x(enum Big: ulong { A, B = 9223372036854775808 }
table Order (resource) { id: string (key); })x",
     {R"x(a.fbs:1:22 E2007 the value 'B' is 2^63 or more; leave it out)x"}},
    {"NoKey",
     R"x(table Order (resource) { id: string; })x",
     {R"x(a.fbs:1:7 E2006 the resource 'Order' has no key; mark one field: id: string (key);)x"}},
    {"TwoKeys",
     R"x(table Order (resource) {
  id: string (key);
  sku: string (key);
})x",
     {R"x(a.fbs:3:16 E2000 only one field can be the key; mend the file and check it again)x"}},
    {"FloatKey",
     R"x(table Order (resource) { id: double (key); })x",
     {R"x(a.fbs:1:26 E2006 the key 'id' cannot be of type double: a key is a string or an integer; mend the schema)x"}},
    {"BoolKey",
     R"x(table Order (resource) { id: bool (key); })x",
     {R"x(a.fbs:1:26 E2006 the key 'id' cannot be of type bool: a key is a string or an integer; mend the schema)x"}},
    {"EnumKey",
     R"x(enum Status: byte { Placed }
table Order (resource) { id: Status (key); })x",
     {R"x(a.fbs:2:26 E2006 the key 'id' cannot be of type Status: a key is a string or an integer; mend the schema)x"}},
    {"KeyWithADefault",
     R"x(table Order (resource) { id: int = 5 (key); })x",
     {R"x(a.fbs:1:26 E2006 the key 'id' cannot have a default or be deprecated: every record has its own; mend the schema)x"}},
    {"UniqueKey",
     R"x(table Order (resource) { id: int (key, unique); })x",
     {R"x(a.fbs:1:40 E2006 the key 'id' is unique already; leave it out)x"}},
    {"UniqueFloat",
     R"x(table Order (resource) { id: int (key); rate: float (unique); tags: [string] (unique); })x",
     {R"x(a.fbs:1:54 E2006 the field 'rate' cannot be unique: its type is float; unique fields are strings, integers and enums; mend the schema)x",
      R"x(a.fbs:1:79 E2006 the field 'tags' cannot be unique: its type is [string]; unique fields are strings, integers and enums; mend the schema)x"}},
    {"FieldNames",
     R"x(table Order (resource) { id: string (key); _hidden: int; totalCents: long; id: int; })x",
     {R"x(a.fbs:1:44 E2005 the field '_hidden' begins with '_': such columns are Forge's own: _version, _seq, _at; choose another name)x",
      R"x(a.fbs:1:58 E2005 the field 'totalCents' is not in lower_snake_case; choose another name)x",
      R"x(a.fbs:1:76 E2005 the name 'id' is taken: another field has it at a.fbs:1:26; choose another name)x"}},
    {"ReservedResourceNames",
     R"x(table events (resource) { id: string (key); }
table Heads (resource) { id: string (key); }
table order_history (resource) { id: string (key); }
table _order (resource) { id: string (key); })x",
     {R"x(a.fbs:1:7 E2005 the resource name 'events' is reserved: a SQL table of Forge's has it; choose another name)x",
      R"x(a.fbs:2:7 E2005 the resource name 'Heads' is reserved: a SQL table of Forge's has it; choose another name)x",
      R"x(a.fbs:3:7 E2005 the resource name 'order_history' is reserved: the history of a resource is a SQL table of that name; choose another name)x",
      R"x(a.fbs:4:7 E2005 the resource name '_order' is reserved: names that begin with '_' are Forge's own; choose another name)x"}},
    {"ResourceNamesThatDifferInCase",
     R"x(table Order (resource) { id: string (key); }
table order (resource) { id: string (key); })x",
     {R"x(a.fbs:2:7 E2005 the resource name 'order' is taken: in SQL it is that of a.fbs:1:7, for capitals do not count there; choose another name)x"}},
    {"TypeTwice",
     R"x(table Order (resource) { id: string (key); }
enum Order: byte { A })x",
     {R"x(a.fbs:2:6 E2005 the name 'Order' is taken: another type has it at a.fbs:1:7; choose another name)x"}},
    {"ActionOnAnUnknownResource",
     R"x(table Order (resource) { id: string (key); }
table Place (action: "Ordr.place", creates) {})x",
     {R"x(a.fbs:2:23 E2006 the action 'Ordr.place' is on an unknown resource: did you mean 'Order'?; mend the schema)x"}},
    {"ActionOnForgesOwnResource",
     R"x(table Order (resource) { id: string (key); }
table Place (action: "_schema.place", creates) {})x",
     {R"x(a.fbs:2:23 E2006 the action '_schema.place' is on an unknown resource: names that begin with '_' are Forge's own; mend the schema)x"}},
    {"MalformedActionNames",
     R"x(table Order (resource) { id: string (key); }
table A (action: "place", creates) {}
table B (action: "Order.", creates) {}
table C (action: "Order.a b", creates) {})x",
     {R"x(a.fbs:2:19 E2004 the action name 'place' is malformed; write it as "Order.place")x",
      R"x(a.fbs:3:19 E2004 the action name 'Order.' is malformed; write it as "Order.place")x",
      R"x(a.fbs:4:19 E2004 the action name 'Order.a b' is malformed; write it as "Order.place")x"}},
    {"ActionTwice",
     R"x(table Order (resource) { id: string (key); }
table A (action: "Order.place", creates) {}
table B (action: "Order.place", creates) {})x",
     {R"x(a.fbs:3:19 E2005 the action name 'Order.place' is taken: another action has it at a.fbs:2:19; choose another name)x"}},
    {"NoKind",
     R"x(table Order (resource) { id: string (key); }
table A (action: "Order.place") {})x",
     {R"x(a.fbs:2:7 E2006 the action 'Order.place' has no kind; give it one of creates, updates, upserts, destroys, reads, generic)x"}},
    {"TwoKinds",
     R"x(table Order (resource) { id: string (key); }
table A (action: "Order.place", creates, updates) {})x",
     {R"x(a.fbs:2:7 E2006 the action 'Order.place' has several kinds; give it one of creates, updates, upserts, destroys, reads, generic)x"}},
    {"EventOfAnotherResource",
     R"x(table Order (resource) { id: string (key); }
table A (action: "Order.place", creates, event: "Card.placed") {})x",
     {R"x(a.fbs:2:50 E2004 the event type 'Card.placed' is malformed; write it as "Order.NAME")x"}},
    {"ArgumentOfAnotherType",
     R"x(enum Status: byte { Placed }
table Order (resource) { id: string (key); qty: int; status: Status; tags: [string]; }
table A (action: "Order.place", creates) {
  qty: string;
  status: int = 0;
  tags: [int];
})x",
     {R"x(a.fbs:4:3 E2006 the argument 'qty' of Order.place does not fit the field of that name: it is string, the field is int; give it the field's type, or another name)x",
      R"x(a.fbs:5:3 E2006 the argument 'status' of Order.place does not fit the field of that name: it is int, the field is Status; give it the field's type, or another name)x",
      R"x(a.fbs:6:3 E2006 the argument 'tags' of Order.place does not fit the field of that name: it is [int], the field is [string]; give it the field's type, or another name)x"}},
    {"KeyArgumentOfAnotherType",
     R"x(table Order (resource) { id: int (key); }
table A (action: "Order.place", creates) { id: long; })x",
     {R"x(a.fbs:2:44 E2006 the argument 'id' of Order.place does not fit the field of that name: it is long, the field is int; give it the field's type, or another name)x"}},
    {"AbsentScalarInAnUpdate",
     R"x(table Order (resource) { id: string (key); qty: int; }
table A (action: "Order.resize", updates) { qty: int; }
table B (action: "Order.put", upserts) { ok: bool; })x",
     {R"x(a.fbs:2:45 E2006 the argument 'qty' of Order.resize does not say what its absence means: an action that updates leaves alone what is not given; write qty: int = null; or give it a default)x",
      R"x(a.fbs:3:42 E2006 the argument 'ok' of Order.put does not say what its absence means: an action that upserts leaves alone what is not given; write ok: bool = null; or give it a default)x"}},
    {"SetOnADestroy",
     R"x(table Order (resource) { id: string (key); qty: int; }
table A (action: "Order.drop", destroys, set: "qty = 0") {})x",
     {R"x(a.fbs:2:42 E2006 the action 'Order.drop' cannot set fields: it destroys the record; leave it out)x"}},
    {"SetOfTheKey",
     R"x(table Order (resource) { id: string (key); qty: int; }
table A (action: "Order.put", updates, set: "id = 'a'") {})x",
     {R"x(a.fbs:2:40 E2006 the action 'Order.put' cannot set the key: a record keeps its key; mend the schema)x"}},
    {"UnknownNameInARule",
     R"x(namespace shop;
table Order (resource) {
  id: string (key);
  qty: int (check: "qty_positive: qtty > 0");
})x",
     {R"x(a.fbs:4:35 E2001 rule 'qty_positive' uses unknown field 'qtty': did you mean 'qty'?; mend the rule)x"}},
    {"RuleThatDoesNotParse",
     R"x(table Order (resource, check: "qty >") { id: string (key); qty: int; })x",
     {R"x(a.fbs:1:37 E2002 the rule does not parse: expected a value, found the end; mend the rule)x"}},
    {"RuleOfTheWrongType",
     R"x(table Order (resource) { id: string (key); qty: int (check: "qty > 'a'"); })x",
     {R"x(a.fbs:1:66 E2003 the rule mixes int and text: qty is int, 'a' is text; mend the rule)x"}},
    {"CheckThatNamesAnActorOrArgument",
     R"x(table Order (resource) { id: string (key); qty: int (check: "qty > :qty"); })x",
     {R"x(a.fbs:1:68 E2001 the rule uses unknown argument ':qty': there are no arguments here; mend the rule)x"}},
    {"MistypedEnumValueInARule",
     R"x(enum Status: byte { Placed, Paid }
table Order (resource) { id: string (key); status: Status; }
table A (action: "Order.pay", updates, require: "status = 'Plced'", set: "status = 'Payed'") {})x",
     {R"x(a.fbs:3:59 E2001 the rule uses unknown Status 'Plced': did you mean 'Placed'?; mend the rule)x",
      R"x(a.fbs:3:84 E2001 the assignment of 'status' uses unknown Status 'Payed': did you mean 'Paid'?; mend the rule)x"}},
    {"Struct",
     R"x(struct Point { x: int; y: int; }
table Order (resource) { id: string (key); at: Point; })x",
     {R"x(a.fbs:1:1 E2007 the declaration 'struct' comes with a later version; leave it out)x"}},
    {"Union",
     R"x(table A { x: int; }
union Any { A }
table Order (resource) { id: string (key); any: Any; })x",
     {R"x(a.fbs:2:1 E2007 the declaration 'union' comes with a later version; leave it out)x"}},
    {"Service",
     R"x(table A { x: int; }
rpc_service S { m(A): A; })x",
     {R"x(a.fbs:2:1 E2007 the declaration 'rpc_service' comes with a later version; leave it out)x"}},
    {"UnknownType",
     R"x(namespace shop;
table Order (resource) {
  id: string (key);
  lines: [Lin];
}
table Line { qty: int; })x",
     {R"x(a.fbs:4:11 E2000 the type 'Lin' is unknown: did you mean 'Line'?; mend the file and check it again)x"}},
    {"RequiredScalar",
     R"x(table Order (resource) {
  id: string (key);
  qty: int (required);
})x",
     {R"x(a.fbs:3:13 E2000 only a string, vector or table can be 'required': a scalar always has a value; mend the file and check it again)x"}},
    {"DefaultThatDoesNotFit",
     R"x(table Order (resource) {
  id: string (key);
  qty: byte = 300;
})x",
     {R"x(a.fbs:3:15 E2000 invalid number: "300", constant does not fit [-128; 127]; mend the file and check it again)x"}},
    {"MissingSemicolon",
     R"x(table Order (resource) {
  id: string (key)
  qty: int;
})x",
     {R"x(a.fbs:3:3 E2000 ';' is expected here, not 'qty'; mend the file and check it again)x"}},
    {"UnclosedTable",
     R"x(table Order (resource) {
  id: string (key);)x",
     {R"x(a.fbs:2:20 E2000 a field's name or '}' is expected here, not the end of the file; mend the file and check it again)x"}},
    {"UnclosedText",
     R"x(table Order (resource, check: "qty > 0) { id: string (key); })x",
     {R"x(a.fbs:1:31 E2000 a text does not end on its line; mend the file and check it again)x"}},
    {"UnclosedComment",
     R"x(table Order (resource) { id: string (key); } /* and so on)x",
     {R"x(a.fbs:1:46 E2000 a comment does not end; mend the file and check it again)x"}},
    {"UnknownEscape",
     R"x(table Order (resource, check: "a \q") { id: string (key); })x",
     {R"x(a.fbs:1:34 E2000 an escape in a text is not known; mend the file and check it again)x"}},
    {"StrayCharacter",
     R"x(table Order (resource) { id: string (key); } %)x",
     {R"x(a.fbs:1:46 E2000 a character that has no place in a schema; mend the file and check it again)x"}},
    {"JsonInASchema",
     R"x(table Order (resource) { id: string (key); }
root_type Order;
{ "id": "a" })x",
     {R"x(a.fbs:3:1 E2000 a declaration (namespace, enum, table, attribute) is expected here, not '{'; mend the file and check it again)x"}},
    {"EnumWithoutAType",
     R"x(enum Status { Placed })x",
     {R"x(a.fbs:1:13 E2000 the integer type of the enum, as in ': byte', is expected here, not '{'; mend the file and check it again)x"}},
    {"EmptyEnum",
     R"x(enum Status: byte { })x",
     {R"x(a.fbs:1:21 E2000 a value's name is expected here, not '}'; mend the file and check it again)x"}},
    {"EnumValueTooLarge",
     R"x(enum Status: byte { A = 200 })x",
     {R"x(a.fbs:1:25 E2000 enum value does not fit, "200" out of [-128; 127]; mend the file and check it again)x"}},
    {"IncludeAfterADeclaration",
     R"x(table Order (resource) { id: string (key); }
include "b.fbs";)x",
     {R"x(a.fbs:2:1 E2000 an include comes before every declaration; mend the file and check it again)x"}},
    {"UnknownInclude",
     R"x(include "typs.fbs";
table Order (resource) { id: string (key); })x",
     {R"x(a.fbs:1:9 E2000 the file 'typs.fbs' cannot be included: it is not among the given files; mend the file and check it again)x"}},
    {"IncludeFromAbove",
     R"x(include "../types.fbs";
include "/etc/types.fbs";
table Order (resource) { id: string (key); })x",
     {R"x(a.fbs:1:9 E2000 the file '../types.fbs' cannot be included: an include stays inside the main file's folder; mend the file and check it again)x",
      R"x(a.fbs:2:9 E2000 the file '/etc/types.fbs' cannot be included: an include stays inside the main file's folder; mend the file and check it again)x"}},
    {"TableAsAKey",
     R"x(table Line { x: int; }
table Order (resource) { id: Line (key); })x",
     {R"x(a.fbs:2:36 E2000 a key is a string or an integer; mend the file and check it again)x"}},
    {"FieldWithTheNameOfATable",
     R"x(table line { x: int; }
table Order (resource) { id: int (key); line: int; })x",
     {R"x(a.fbs:2:41 E2000 a field cannot have the name of a table; mend the file and check it again)x"}},
    {"EnumValueTwice",
     R"x(enum Status: byte { Placed, Paid, Placed })x",
     {R"x(a.fbs:1:35 E2005 the name 'Placed' is taken: another value has it at a.fbs:1:21; choose another name)x"}},
    {"UnknownEnumValueAsDefault",
     R"x(enum Status: byte { Placed }
table Order (resource) { id: int (key); status: Status = Plced; })x",
     {R"x(a.fbs:2:58 E2000 unknown enum value: Plced; mend the file and check it again)x"}},
    {"BitFlagsOfASignedType",
     R"x(enum Flag: byte (bit_flags) { A }
table Order (resource) { id: int (key); })x",
     {R"x(a.fbs:1:29 E2000 underlying type of bit_flags enum must be unsigned; mend the file and check it again)x"}},
    {"WordsOfFlatBuffersWithoutSupport",
     R"x(table Order (resource) { id: int (key); x: ulong (hash: "fnv1_64"); })x",
     {R"x(a.fbs:1:51 E2007 the attribute 'hash' on 'Order.x' comes with a later version; leave it out)x"}},
    {"ResourceOfSeveralNamespaces",
     R"x(namespace a;
table Order (resource) { id: int (key); }
namespace b;
table Order (resource) { id: int (key); }
table Place (action: "Order.place", creates) {})x",
     {R"x(a.fbs:5:23 E2006 the action 'Order.place' is on an unknown resource: several namespaces have 'Order': this one is 'a_Order'; mend the schema)x"}},
    {"FixedLengthArray",
     R"x(table Order (resource) { id: int (key); x: [int:3]; })x",
     {R"x(a.fbs:1:48 E2007 an array of fixed length comes with a later version; leave it out)x"}},
    {"VectorOfVectors",
     R"x(table Order (resource) { id: string (key); grid: [[int]]; })x",
     {R"x(a.fbs:1:51 E2007 a vector of vectors is not a type of FlatBuffers: wrap the inner one in a table; leave it out)x"}},
    {"SeveralErrorsComeInOrder",
     R"x(table Order (resource) {
  id: string (key);
  qty: int (check: "qtty > 0");
  note: string (indx, check: "note > ");
}
table Place (action: "Ordr.place", creates) {})x",
     {R"x(a.fbs:3:21 E2001 the rule uses unknown field 'qtty': did you mean 'qty'?; mend the rule)x",
      R"x(a.fbs:4:17 E2004 the attribute 'indx' is unknown on 'Order.note': did you mean 'index'?; see schemas/forge.fbs for each attribute's grammar)x",
      R"x(a.fbs:4:38 E2002 the rule does not parse: expected a value, found the end; mend the rule)x",
      R"x(a.fbs:6:23 E2006 the action 'Ordr.place' is on an unknown resource: did you mean 'Order'?; mend the schema)x"}},
};

// The message with the place first instead of in the middle.
std::string line_of(const Status& status) {
  std::string message = status.message();
  const std::string place = " (" + status.text().place + ")";
  const std::size_t at = message.find(place);
  if (at != std::string::npos) message.erase(at, place.size());
  return status.text().place + " " + message;
}

class BrokenSchema : public testing::TestWithParam<Broken> {};

TEST_P(BrokenSchema, TellsEveryMistakeAtItsPlace) {
  const Domain::Outcome outcome = Domain::parse({{"a.fbs", GetParam().text}});

  EXPECT_EQ(outcome.domain, nullptr);
  std::vector<std::string> lines;
  for (const Status& error : outcome.errors) lines.push_back(line_of(error));
  EXPECT_EQ(lines, GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(Domain, BrokenSchema, testing::ValuesIn(kBroken),
                         [](const testing::TestParamInfo<Broken>& row) { return row.param.name; });

}  // namespace
}  // namespace forge
