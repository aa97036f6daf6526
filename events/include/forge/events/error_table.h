#pragma once

// The one table of errors. Every specific error has a number that never changes and is never reused; it gives the error's Code,
// the exit status of forgectl, the HTTP status and a one-line title. `forgectl explain E####` prints the row and its remedy.
//
// Ranges: 1000 store and directory · 2000 schema and rules, and what they refuse · 3000 records, versions and transactions ·
// 4000 queries and times · 5000 projections and subscriptions · 6000 integrity · 7000 availability · 8000 workflows ·
// 9000 the caller's use of the library or the command line.

#include <cstdint>
#include <span>
#include <string_view>

namespace forge {

// What a program can decide on. The list is closed.
enum class Code : std::uint8_t {
  kOk,
  kInvalidArgument,
  kRuleViolated,
  kDenied,
  kNotFound,
  kAlreadyExists,
  kVersionConflict,
  kCorruption,
  kIo,
  kUnknownOutcome,
  kCancelled,
  kUnavailable,
};

// The snake_case name of a code, as JSON prints it.
std::string_view name_of(Code code);

// X(name, number, code, exit status, HTTP status, title, remedy)
#define FORGE_ERRORS(X)                                                                                                           \
  X(StoreNotFound, 1001, kNotFound, 3, 404, "there is no store here", "create one: forgectl init DIR")                            \
  X(ForeignDirectory, 1002, kInvalidArgument, 4, 409, "the directory is not a Forge store", "name the store's directory")         \
  X(TargetNotEmpty, 1003, kAlreadyExists, 4, 409, "the target is not empty", "name a new or an empty directory")                  \
  X(StoreLocked, 1004, kUnavailable, 7, 503, "another process holds the store", "wait for it, stop it, or read with --read-only") \
  X(FormatTooNew, 1005, kUnavailable, 7, 503, "the store was written by a newer Forge", "use a forge of at least that version")   \
  X(ReadOnly, 1006, kUnavailable, 7, 503, "the store is open for reading only", "open it for writing")                            \
  X(DirectoryUnusable, 1007, kIo, 7, 503, "the directory cannot be used", "check that it exists and its permissions")             \
  X(Closed, 1008, kUnavailable, 7, 503, "the store is closed", "open it again")                                                   \
  X(Forked, 1009, kInvalidArgument, 1, 500, "the store was opened before fork()", "open it in the child process")                 \
  X(CopyUnfinished, 1010, kUnavailable, 7, 409, "the copy of a store is unfinished",                                              \
    "make it again with the same command, or remove the directory")                                                               \
  X(BackupNotFound, 1011, kNotFound, 3, 404, "there is no backup here", "name the directory that forgectl backup wrote")          \
  X(BackupForeign, 1012, kInvalidArgument, 4, 409, "the backup belongs to another store", "name another directory")               \
  X(BackupTooNew, 1013, kUnavailable, 7, 503, "the backup was written by a newer Forge", "use a forge of at least that version")  \
  X(SchemaSyntax, 2000, kInvalidArgument, 4, 422, "the schema file does not parse", "mend the file and check it again")           \
  X(RuleUnknownName, 2001, kInvalidArgument, 4, 422, "a rule names something unknown", "mend the rule")                           \
  X(RuleSyntax, 2002, kInvalidArgument, 4, 422, "a rule does not parse", "mend the rule")                                         \
  X(RuleType, 2003, kInvalidArgument, 4, 422, "a rule compares or combines types that do not fit", "mend the rule")               \
  X(SchemaAttribute, 2004, kInvalidArgument, 4, 422, "an attribute is unknown, repeated, misplaced or malformed",                 \
    "see schemas/forge.fbs for each attribute's grammar")                                                                         \
  X(SchemaName, 2005, kInvalidArgument, 4, 422, "a name is taken, reserved or malformed", "choose another name")                  \
  X(SchemaDomain, 2006, kInvalidArgument, 4, 422, "the domain contradicts itself", "mend the schema")                             \
  X(SchemaUnsupported, 2007, kInvalidArgument, 4, 422, "the schema uses something this version does not support", "leave it out") \
  X(SchemaIncompatible, 2008, kInvalidArgument, 4, 409, "the new schema breaks stored events",                                    \
    "only add fields, resources, actions and enum values")                                                                        \
  X(SchemaDiffers, 2009, kInvalidArgument, 4, 409, "the program was built with another schema than the store's",                  \
    "build it again with the schema in force: forgectl schema show")                                                              \
  X(UnknownResource, 2010, kInvalidArgument, 4, 404, "unknown resource", "see: forgectl schema show")                             \
  X(UnknownAction, 2011, kInvalidArgument, 4, 404, "unknown action", "see: forgectl schema show")                                 \
  X(UnknownField, 2012, kInvalidArgument, 4, 422, "unknown field or argument", "see: forgectl explain RESOURCE.ACTION")           \
  X(NoSchema, 2013, kInvalidArgument, 4, 409, "the store has no schema yet", "add one: forgectl schema add FILE.fbs")             \
  X(ActionReads, 2014, kInvalidArgument, 4, 422, "the action is a query, or is none",                                             \
    "forgectl query answers queries, forgectl do issues all other actions")                                                       \
  X(HandlerMissing, 2015, kUnavailable, 7, 503, "the action needs code that this program does not have",                          \
    "issue it through the program that has the handler")                                                                          \
  X(ArgumentType, 2101, kInvalidArgument, 4, 422, "a value has the wrong type", "see: forgectl explain RESOURCE.ACTION")          \
  X(ArgumentRange, 2102, kInvalidArgument, 4, 422, "a value is out of range", "give a value in range")                            \
  X(ArgumentMissing, 2103, kInvalidArgument, 4, 422, "a required value is missing", "give the value")                             \
  X(ArgumentNull, 2104, kInvalidArgument, 4, 422, "a value that cannot be null was cleared", "give a value")                      \
  X(KeyInvalid, 2105, kInvalidArgument, 4, 422, "a key is empty, too long or malformed",                                          \
    "a text key is UTF-8 of 1 to 1,024 bytes without NUL")                                                                        \
  X(TextInvalid, 2106, kInvalidArgument, 4, 422, "a text is not valid UTF-8", "send UTF-8")                                       \
  X(RuleViolated, 2107, kRuleViolated, 4, 422, "a rule refused the action", "see: forgectl explain RESOURCE.ACTION")              \
  X(RuleFailed, 2108, kRuleViolated, 4, 422, "a rule could not be evaluated", "mend the values or the rule")                      \
  X(TooLarge, 2109, kInvalidArgument, 4, 413, "a value or transaction is larger than the limit", "send less at once")             \
  X(JsonInvalid, 2110, kInvalidArgument, 4, 400, "the JSON is malformed", "mend the JSON")                                        \
  X(JsonLimit, 2111, kInvalidArgument, 4, 400, "the JSON is deeper or wider than the limit", "send smaller JSON")                 \
  X(ActionRefused, 2112, kRuleViolated, 4, 422, "the action's handler refused it", "mend the arguments")                          \
  X(PatternMismatch, 2113, kInvalidArgument, 4, 422, "a value does not match its pattern", "give a value that matches")           \
  X(TransitionRefused, 2114, kRuleViolated, 4, 422, "a state does not follow the one before",                                     \
    "see: forgectl explain RESOURCE.FIELD")                                                                                       \
  X(ArgumentDeprecated, 2115, kInvalidArgument, 4, 422, "an argument is deprecated", "leave it out")                              \
  X(PolicyDenied, 2116, kDenied, 4, 403, "a policy denied the action", "act as somebody who may: --actor ID --role ROLE")         \
  X(HandlerFailed, 2117, kIo, 1, 500, "the action's handler failed", "mend the handler")                                          \
  X(UpcastFailed, 2118, kRuleViolated, 4, 422, "a stored record cannot be brought to a later schema version",                     \
    "the record as it was stored: forgectl get RESOURCE KEY --as-of EVENT; mend the upcast before its schema is added")           \
  X(CsvSyntax, 2120, kInvalidArgument, 4, 422, "the CSV is malformed", "mend the file; RFC 4180 says how fields are quoted")      \
  X(CsvColumns, 2121, kInvalidArgument, 4, 422, "the columns of the CSV do not fit",                                              \
    "see: forgectl import --help, forgectl explain RESOURCE.ACTION")                                                              \
  X(TooManyBadRows, 2122, kInvalidArgument, 4, 422, "too many rows are bad", "mend the rows, or allow more with --max-bad")       \
  X(VersionConflict, 3001, kVersionConflict, 5, 409, "the record is at another version", "reload and retry")                      \
  X(KeyReused, 3002, kVersionConflict, 5, 409, "the idempotency key was used with other input", "use a new key")                  \
  X(ConditionFailed, 3003, kVersionConflict, 5, 409, "an event matches the append condition", "read again and retry")             \
  X(RecordNotFound, 3004, kNotFound, 3, 404, "no such record", "check the key")                                                   \
  X(RecordExists, 3005, kAlreadyExists, 4, 409, "the record exists already", "update it, or use another key")                     \
  X(UniqueTaken, 3006, kAlreadyExists, 4, 409, "a unique value is taken", "use another value")                                    \
  X(EventNotFound, 3007, kNotFound, 3, 404, "no such event", "see: forgectl log")                                                 \
  X(BookmarkNotFound, 3008, kNotFound, 3, 404, "no such bookmark", "see: forgectl bookmark list")                                 \
  X(IdempotencyKeyNotFound, 3009, kNotFound, 3, 404, "no transaction has this idempotency key", "check the key")                  \
  X(TransactionTooLarge, 3010, kInvalidArgument, 4, 413, "the transaction is larger than the limit", "split it")                  \
  X(RecordErased, 3011, kNotFound, 3, 410, "the record was erased", "its history remains without the erased parts")               \
  X(NotRetained, 3012, kNotFound, 3, 410, "the time is before what the store retains", "ask for a later time")                    \
  X(ReferenceMissing, 3013, kRuleViolated, 4, 422, "a reference names no record", "make that record first, or name another")      \
  X(StillReferenced, 3014, kRuleViolated, 4, 409, "the record is still referenced",                                               \
    "change or destroy the referring records first")                                                                              \
  X(ConditionInvalid, 3015, kInvalidArgument, 4, 422, "the append condition could never fail",                                    \
    "name events that there can be, and the seq up to which was read")                                                            \
  X(UndoConflict, 3016, kVersionConflict, 5, 409, "what the event did was changed since",                                         \
    "undo the later event first, or change the record by an action")                                                              \
  X(UndoneAlready, 3017, kVersionConflict, 5, 409, "the event is undone already", "see: forgectl show SEQ")                       \
  X(UndoRefused, 3018, kInvalidArgument, 4, 422, "the event cannot be undone", "change the record by an action")                  \
  X(ImportDiffers, 3020, kVersionConflict, 5, 409, "the import was begun with another file or in another way",                    \
    "go on with the same file and flags, or begin another import: --checkpoint NAME")                                             \
  X(TimeUnparsable, 4001, kInvalidArgument, 2, 400, "the time cannot be read", "see: forgectl help time")                         \
  X(SqlReadOnly, 4002, kDenied, 4, 403, "sql is read-only", "state changes only through actions: forgectl help do")               \
  X(TimeInFuture, 4003, kInvalidArgument, 4, 422, "the point is after the head of the log", "ask for the head or earlier")        \
  X(RangeReversed, 4004, kInvalidArgument, 2, 400, "the range ends before it begins", "swap the bounds")                          \
  X(FilterInvalid, 4005, kInvalidArgument, 4, 400, "the filter cannot be read", "see: forgectl help query")                       \
  X(CursorInvalid, 4006, kInvalidArgument, 2, 400, "the cursor cannot be read", "start again without a cursor")                   \
  X(TimeAmbiguous, 4007, kInvalidArgument, 2, 400, "the time has more than one reading", "write the reading that is meant")       \
  X(PointInsideTransaction, 4008, kInvalidArgument, 4, 422, "the point is inside a transaction",                                  \
    "ask for the event before or after")                                                                                          \
  X(ProjectionNotFound, 5001, kNotFound, 3, 404, "no such projection", "see: forgectl projection list")                           \
  X(ProjectionName, 5002, kInvalidArgument, 4, 422, "the name cannot name a projection",                                          \
    "letters, digits and _ . : - are allowed, 200 at most")                                                                       \
  X(ProjectionFailed, 5003, kIo, 1, 500, "a projection failed on an event",                                                       \
    "mend its code and rebuild it, retry the event, or skip it: forgectl projection show NAME")                                   \
  X(ProjectionExists, 5004, kAlreadyExists, 4, 409, "there is such a projection already", "use another name")                     \
  X(ProjectionStopped, 5005, kUnavailable, 7, 503, "the projection stands still", "see: forgectl projection show NAME")           \
  X(ProjectionOtherState, 5006, kInvalidArgument, 4, 409, "the projection is in another state",                                   \
    "see: forgectl projection show NAME")                                                                                         \
  X(SubscriptionNotFound, 5020, kNotFound, 3, 404, "no such subscription", "see: forgectl subscription list")                     \
  X(SubscriptionName, 5021, kInvalidArgument, 4, 422, "the name cannot name a subscription",                                      \
    "letters, digits and _ . : - are allowed, 200 at most")                                                                       \
  X(SubscriptionDiffers, 5022, kVersionConflict, 5, 409, "the consumers of a subscription ask for different things",              \
    "give all of them the same filter and limits")                                                                                \
  X(CursorForeign, 5023, kInvalidArgument, 4, 422, "the cursor belongs to another store", "begin anew in this store")             \
  X(CursorPastHead, 5024, kInvalidArgument, 4, 422, "the cursor is past the head of the log", "check which store this is")        \
  X(ConsumerFailed, 5025, kIo, 1, 500, "a consumer failed on an event", "mend the consumer")                                      \
  X(DeliveryLost, 5026, kVersionConflict, 5, 409, "the event is not out to this consumer", "take the next one")                   \
  X(ParkedNotFound, 5027, kNotFound, 3, 404, "no such parked event", "see: forgectl subscription parked NAME")                    \
  X(EventAltered, 6001, kCorruption, 6, 500, "an event was altered", "restore a good backup; see: forgectl help integrity")       \
  X(DataCorrupt, 6002, kCorruption, 6, 500, "stored data is damaged", "restore a good backup; see: forgectl help integrity")      \
  X(DataTruncated, 6003, kCorruption, 6, 500, "acknowledged data is missing",                                                     \
    "restore a good backup; see: forgectl help integrity")                                                                        \
  X(StateDiffers, 6005, kCorruption, 6, 500, "the state differs from the fold of the log", "see: forgectl help rebuild")          \
  X(StoreForeignFile, 6006, kCorruption, 6, 500, "a file belongs to another store", "restore the store's own file")               \
  X(RemainsOfStore, 6007, kCorruption, 6, 500, "remains of a damaged store are here", "restore what is missing from a backup")    \
  X(ProofInvalid, 6008, kCorruption, 6, 500, "the proof does not hold", "compare the head with the one you kept")                 \
  X(BackupCorrupt, 6009, kCorruption, 6, 500, "the backup is damaged", "restore another backup")                                  \
  X(DiskFull, 7001, kUnavailable, 7, 507, "the disk is full", "free some space; writes go on by themselves")                      \
  X(IoError, 7002, kIo, 7, 500, "reading or writing failed", "check the disk")                                                    \
  X(IoFatal, 7003, kUnknownOutcome, 9, 500, "a write or sync failed: the outcome is unknown",                                     \
    "reopen the store and retry with the same idempotency key")                                                                   \
  X(Overloaded, 7004, kUnavailable, 7, 429, "too much work is waiting", "retry later")                                            \
  X(DeadlinePassed, 7005, kUnavailable, 7, 504, "the time allowed is over", "retry, or allow more time")                          \
  X(ListenRefused, 7006, kDenied, 2, 403, "refusing to listen", "give --token-file, or --insecure")                               \
  X(NoMemory, 7007, kUnavailable, 7, 503, "memory is exhausted", "free some memory and retry")                                    \
  X(UnknownOutcome, 7008, kUnknownOutcome, 9, 500, "whether it was stored is unknown", "retry with the same idempotency key")     \
  X(Cancelled, 7009, kCancelled, 130, 499, "cancelled", "")                                                                       \
  X(PeerRefused, 7010, kDenied, 4, 403, "another user's process may not use the store",                                           \
    "act as the user who holds it, or change who may write to its directory")                                                     \
  X(SocketUnusable, 7011, kIo, 7, 503, "the socket in the store's directory cannot be used", "check the directory's permissions") \
  X(HolderGone, 7012, kUnavailable, 7, 503, "the process that held the store has gone", "try again")                              \
  X(ProtocolBroken, 7013, kUnavailable, 7, 503, "the other side does not keep to the protocol",                                   \
    "use the same version of Forge on both sides")                                                                                \
  X(WorkflowSyntax, 8001, kInvalidArgument, 4, 422, "the workflow file does not parse", "mend the file and check it again")       \
  X(WorkflowAttribute, 8002, kInvalidArgument, 4, 422, "an attribute of a workflow is unknown, missing or malformed",             \
    "mend the attribute")                                                                                                         \
  X(WorkflowUnsupported, 8003, kInvalidArgument, 4, 422, "the workflow uses something this version does not support",             \
    "leave it out")                                                                                                               \
  X(WorkflowName, 8004, kInvalidArgument, 4, 422, "a name in a workflow is taken, reserved or malformed", "choose another name")  \
  X(WorkflowReference, 8005, kInvalidArgument, 4, 422, "a workflow refers to something unknown", "mend the reference")            \
  X(WorkflowCycle, 8006, kInvalidArgument, 4, 422, "steps of a workflow wait for each other",                                     \
    "remove one of the references or 'after' that make the cycle")                                                                \
  X(WorkflowHops, 8007, kInvalidArgument, 4, 422, "a workflow needs more hops than it has",                                       \
    "raise ttl_hops, or end the chain with an event that starts another workflow")                                                \
  X(RunInput, 8008, kInvalidArgument, 4, 422, "the input of a run does not fit its workflow",                                     \
    "give the inputs that the workflow declares")                                                                                 \
  X(PathMissing, 8009, kInvalidArgument, 4, 422, "a path leads to no value", "mend the reference, or give the value a default")   \
  X(HopsExpired, 8010, kRuleViolated, 8, 422, "no hops are left",                                                                 \
    "raise ttl_hops, or end the chain with an event that starts another workflow")                                                \
  X(TokenInvalid, 8011, kInvalidArgument, 4, 400, "the token cannot be read", "export it again")                                  \
  X(StepFailed, 8012, kRuleViolated, 8, 422, "a step failed", "see the step's error")                                             \
  X(WorkflowNotFound, 8013, kNotFound, 3, 404, "no such workflow", "declare it: forgectl workflow add FILE.toml")                 \
  X(RunNotFound, 8014, kNotFound, 3, 404, "no such run", "see: forgectl workflow runs")                                           \
  X(RunEnded, 8015, kRuleViolated, 4, 409, "the run has ended", "see how: forgectl workflow trace RUN")                           \
  X(RunNotCompleted, 8016, kRuleViolated, 8, 422, "a run ended, but not as completed", "see why: forgectl workflow trace RUN")    \
  X(RunHalted, 8017, kRuleViolated, 8, 422, "a run halted", "go on with it: forgectl workflow resume RUN")                        \
  X(RunnerElsewhere, 8018, kUnavailable, 7, 503, "runs are carried out by the process that holds the store",                      \
    "run it there, or once that process has ended")                                                                               \
  X(StepWaitsNot, 8019, kRuleViolated, 4, 409, "the step does not wait for that", "see: forgectl workflow trace RUN")             \
  X(SignalUnreceived, 8020, kRuleViolated, 4, 409, "nobody receives the signal",                                                  \
    "keep it for who comes later, or send it without asking for a receiver")                                                      \
  X(ItemsFormat, 8040, kInvalidArgument, 4, 422, "the items of a map are in an unknown format",                                   \
    "name the file .csv, .ndjson or .jsonl, packed with .gz or .zst behind it")                                                   \
  X(ItemsDiffer, 8041, kVersionConflict, 5, 409, "the items of a map are not those that it has begun with",                       \
    "put the file back as it was")                                                                                                \
  X(Usage, 9001, kInvalidArgument, 2, 400, "the command line cannot be read", "see: forgectl help")                               \
  X(UnknownCommand, 9002, kInvalidArgument, 2, 400, "unknown command", "see: forgectl help")                                      \
  X(UnknownFlag, 9003, kInvalidArgument, 2, 400, "unknown flag", "see: forgectl help COMMAND")                                    \
  X(ConfirmationNeeded, 9004, kInvalidArgument, 2, 400, "the command needs confirmation", "add --yes")                            \
  X(InputUnreadable, 9005, kIo, 2, 400, "the input cannot be read", "check the file's name and permissions")                      \
  X(OutputFailed, 9006, kIo, 1, 500, "the output cannot be written", "check the disk or the pipe it goes to")                     \
  X(ConfigInvalid, 9007, kInvalidArgument, 2, 400, "the configuration cannot be used", "mend the file: forgectl help config")     \
  X(ProfileNotFound, 9008, kNotFound, 3, 404, "no such profile", "see: forgectl config list")                                     \
  X(Internal, 9099, kIo, 1, 500, "a bug in Forge", "please report it with this message")

enum class ErrorId : std::uint16_t {
  kNone = 0,
#define FORGE_ERROR_ENUM(name, number, code, exit_status, http, title, remedy) k##name = number,
  FORGE_ERRORS(FORGE_ERROR_ENUM)
#undef FORGE_ERROR_ENUM
};

// One row of the table.
struct ErrorInfo {
  ErrorId id;
  std::string_view name;  // PascalCase, as in ErrorId without the k
  Code code;
  int exit_status;
  int http_status;
  std::string_view title;
  std::string_view remedy;  // what to do where the error itself names nothing better
};

// The whole table in ascending order of number.
std::span<const ErrorInfo> error_table();
// The row of `id`, which must be in the table.
const ErrorInfo& info_of(ErrorId id);
// The row of a number as people write it, "E2107" or "2107"; null when there is none.
const ErrorInfo* find_error(std::string_view number);

}  // namespace forge
