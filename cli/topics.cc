#include "help.h"

namespace forge::cli {
namespace {

constexpr const char* kExitCodes = R"txt(Exit statuses
  0    done
  1    another failure; of diff and schema diff: the two sides differ; of doctor: findings
  2    the command line, an input or a time cannot be read
  3    not found
  4    refused: validation, a rule, an existing record or unique key, a target that is not empty
  5    conflict: another version, or an idempotency key reused with other input
  6    integrity: damaged or altered data
  7    unavailable: locked, timed out, disk full, overloaded, read-only, a newer format
  8    a run of a workflow ended, but not as completed: compensated, failed, cancelled, terminated, expired
  9    outcome unknown: retry with the same idempotency key
  130  stopped with Ctrl-C

diff follows diff(1): 0 the same, 1 different, 2 and more trouble; a record that is not there is still 3.
A reader that goes away early (forgectl log | head) ends the command silently with 0.
`forgectl explain E2107` documents one error; `forgectl help --all -o json` lists them all.
)txt";

constexpr const char* kEnvironment = R"txt(Environment
  FORGE_STORE      the store where --store is not given; else the nearest .forge upwards
  FORGE_PROFILE    the profile of config.toml where --profile is not given; else "default"
  FORGE_ACTOR      who acts where --actor is not given
  FORGE_OUTPUT, FORGE_TIMEOUT, FORGE_PROGRESS, FORGE_COLOR, FORGE_READ_ONLY
                   the same for --output, --timeout, --progress, --color, --read-only (true or false)
  FORGE_PAGER      the pager of long output on a terminal; else PAGER; none where neither is set, or "cat"
  XDG_CONFIG_HOME  where forge/config.toml is; else ~/.config
  XDG_STATE_HOME   where forge/history is, the lines typed into the shell; else ~/.local/state
  NO_COLOR         set and not empty: no colours
  CLICOLOR_FORCE   set and not 0: colours also where output is no terminal
  TERM             "dumb": no colours
  COLUMNS          the width of the terminal where the terminal does not tell

`forgectl config show --origin` tells which value holds here, and where it comes from.
)txt";

constexpr const char* kOutput = R"txt(Output
  Standard output has data only; notices, progress and errors go to standard error.
  -o table    for people; cut to the screen only on a terminal, and then a notice says so
  -o json     one document: an array for lists, an object for single things; [] when empty
  -o ndjson   one object a line, written as they come
  -o csv      RFC 4180, lines ending in LF; a null is nothing, an empty text is ""
  -o tsv      tab, line feed, carriage return and backslash escaped with a backslash
  -o name     only the key, name or seq, one a line

A key of several parts is written with a comma between them: o-1,2. In a part that is a text, a comma is \, and a backslash \\.
What a schema marks secret is shown as [secret].

JSON: integers beyond ±2^53 are strings, bytes are base64, times RFC 3339 in UTC with microseconds.
  record   its fields flat, then _version _seq _at _actor
  event    seq type resource key version action recorded_at occurred_at actor transaction correlation causation undoes idempotency_key
           hops_left schema_version incarnation tags arguments changes cleared metadata; absent ones are left out
  group    name seq lag retrying parked consumers created updated out; seq: every event up to there is done
  history  events of one record, each with diff: {"field": [before, after]}
  lists    stop at --limit (100); --limit 0 for all, --cursor to go on, --page for {"items":[…],"next_cursor":…}
  errors   one problem object (RFC 9457) on standard error; standard output stays empty
  A JSON answer is written when it is complete. Beyond 64 MiB it is streamed, and the array is closed properly on an error too.
)txt";

constexpr const char* kTime = R"txt(Points in time (--as-of, --since, --until)
  1042                          just after event 1042
  2026-11-23T04:00:01.1+02:00   RFC 3339; digits beyond microseconds are cut
  2026-11-23                    that day at 00:00 UTC
  now                           the head of the log
  -2h  -15m  -30s  -1d  -1w     before the later of the clock and the last commit
  bookmark:NAME                 forgectl bookmark list
  key:IDEMPOTENCY-KEY           just after that transaction

A time is turned into a seq once, and that seq is told on standard error; the same seq gives the same answer for ever.
An event at exactly the time is included. All events of a transaction share one time. A time after now, or a seq past the head,
is an error that names the head. 20261123 could be a seq or a date and is refused: write +20261123 or 2026-11-23.
)txt";

constexpr const char* kQuery = R"txt(Filters (--where)
  forgectl list Order --where "qty >= 5 and status = 'Placed'"
  forgectl list Order --where "email is null or email like '%@example.com'"

A filter is an expression of the rule language (help rules) over the fields of the record. Records for which it is true are shown;
where it is null they are not. Names, types and enum values are checked before anything is read.
`forgectl explain --query Order "sku = 'tea'"` tells how the records are found and how many entries are touched.

A schema can declare queries with names, arguments, an order and policies; `forgectl schema show` lists them.
  forgectl query Order.open at_least=5
)txt";

constexpr const char* kRules = R"txt(Rules
  check: "qty > 0"                        of a field or table: must not be false for the record after any action
  require: "status = 'Placed'"            of an action: must be true for the record before it
  allow: ":actor.role = 'staff'"          of an action: who may; must be true for the record before it (E2116)
  set: "status = 'Paid'; paid_at = now()" of an action: fields it sets, from the record before it

A typed subset of SQL expressions over fields, arguments (:qty) and the actor (:actor.id, :actor.role): and or not, = <> < <= > >=,
between, in, is null, like, case, + - * / %. Several stand in one string, separated by ';', each with a name before ':' if wanted.
Overflow and division by zero are errors. Enum values are written as text and checked. A rule is checked when the schema is added,
runs once when an action is decided, and never again: replay folds the recorded changes.
`forgectl explain Order.place` lists an action's rules; `forgectl explain do Order.place qty=-1` tells what would happen.
)txt";

constexpr const char* kEvolution = R"txt(Evolution of a schema
  forgectl schema diff next.fbs             what the file changes, and how much a break would hit
  forgectl schema add next.fbs --dry-run    whether it would be taken; every record that it speaks of is tried

What is stored stays as it was written, so a field keeps its place, name and type. A new version adds fields at the end, resources,
actions and enum values, and may change rules. For a field that gets another name or meaning, mark it deprecated, add another one,
and say how records of earlier versions are to be read:

  table Guest (resource, upcast: "price = price * 100; name = first || ' ' || last") {

Each step is an assignment over the record as the steps before it left it; later versions add steps at the end. Records, filters,
indexes, rules and history have the values that the steps give. The log, and --as-of an earlier point, show what was written.
A version under which a record could not be read is refused, naming the record and the step (E2118).
)txt";

constexpr const char* kIntegrity = R"txt(Integrity
  forgectl verify                     files, the tree over the log, and the state against the log
  forgectl verify --head 9:4c1f…      also: the tree of 9 events has this root, which you kept elsewhere
  forgectl show 9 -o json             an event with its leaf hash

The log is a Merkle tree (RFC 6962): an event that is altered, removed or moved changes the root. Keep roots outside of the store
(`verify -o json` prints size and root): then nobody can rewrite the past unnoticed. When damage is found nothing is changed;
events before the first bad one are intact. `repair --to NEW` saves what can be proved, and leaves the damaged store as it is: often
that is everything, as only the log is needed. Where it is less, compare it with a backup.

  forgectl backup ../b1               the events since the last backup; keep the sha256 it prints elsewhere
  forgectl restore ../b1 --to ../new --dry-run    whether the backup is sound, every file of it
  forgectl rebuild --to ../new --verify           the store made anew from its log
)txt";

}  // namespace

std::span<const Topic> topics() {
  static const std::vector<Topic> kTopics = {
      {"flags", "the flags that every command takes", global_flags_text()},
      {"exit-codes", "what the exit statuses mean", kExitCodes},
      {"environment", "the variables that are read", kEnvironment},
      {"output", "formats and JSON shapes", kOutput},
      {"time", "how points in time are written", kTime},
      {"query", "filters", kQuery},
      {"rules", "the rule language in short", kRules},
      {"evolution", "how a schema changes while records stay", kEvolution},
      {"integrity", "what verify proves", kIntegrity},
  };
  return kTopics;
}

}  // namespace forge::cli
