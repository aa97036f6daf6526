#pragma once

// The store: one directory that holds an append-only log of events and everything derived from it.
//
// Every action appends an immutable event together with its state change in one atomic write; an acknowledgement means that it is
// on disk (Durability::kSync). Reads never block writes. A Store is safe to use from any number of threads, also while one of them
// closes it.
//
// Opening for writing takes the directory's lock and starts one thread that keeps the watermark; the first asynchronous call or
// the first stream starts four more, which decide, append, sync and answer; the first subscription starts two that deliver, the
// first projection one that follows. Closing finishes what is in flight, flushes and leaves a clean-stop mark; the destructor does
// the same where it was not done.
//
// After a failed write or sync, also by RocksDB's own work behind it, the store refuses further writes and says so (kIoFatal) until
// it is opened again. On a full disk it refuses them (kDiskFull) until there is space, and goes on by itself some seconds later.
// Reads go on in both cases. An error's state says whether the outcome is unknown or this attempt wrote nothing. A store whose
// directory is removed, moved or replaced notices within a second and takes no more writes (kIoFatal).

// With OpenOptions::attach a store that another process holds, and answers for (server.h), is attached instead of refused. What
// acts, subscribes, joins a group, or asks about groups and projections goes through that process, with the same errors. What else
// reads shows the store as it was when it was opened, as with `read_only`: open it again to see later events. When the
// holder goes, the store goes on with the next one, which may be this process: the first that calls opens the store itself, with
// the options given, and answers the others. Transactions with an idempotency key are then sent again; of others that may have
// reached the old holder the outcome is kUnknownOutcome. Where there is no next one, calls fail with kHolderGone. With `read_only`,
// too, only subscriptions, questions, and dry runs of actions whose handler is not here go to the holder, and this process never
// becomes it; where no holder answers the store is read as without `attach`. For writing, a process that took the lock, or
// stopped its server, less than two seconds ago is given that long to answer or to go; one that opens or closes the store is waited
// for as OpenOptions::attach_timeout says; one that has held it for longer and does not answer is kStoreLocked.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/merkle.h"
#include "forge/events/status.h"
#include "forge/store/options.h"
#include "forge/store/point.h"
#include "forge/store/projection.h"
#include "forge/store/record.h"
#include "forge/store/subscription.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"

namespace forge {

struct LoadedDomain {
  std::uint32_t version = 0;          // of the schema now in force
  bool added = false;                 // false: this very schema was in force already
  std::vector<SchemaChange> changes;  // from the version before
};

struct SchemaVersion {
  std::uint32_t version = 0;
  Seq seq = 0;
  Time recorded_at;
  std::string digest;
  std::shared_ptr<const Domain> domain;
};

struct Bookmark {
  std::string name;
  Seq seq = 0;       // the point it names
  Time recorded_at;  // of that point; zero where its event cannot be read, which verify tells more of
};

// Where a store came from that was rebuilt, restored or forked: events 1 to `seq` of the store with this id.
struct Origin {
  std::string store;
  Seq seq = 0;
};

struct StoreStats {
  std::string id;
  std::optional<Origin> origin;
  Seq head = 0;
  Time head_time;
  std::uint64_t records_estimate = 0;  // living ones; what was changed lately may count more than once
  std::uint32_t schema_version = 0;
  std::uint64_t log_bytes = 0, state_bytes = 0, history_bytes = 0, index_bytes = 0, tree_bytes = 0, wal_bytes = 0;
  std::uint64_t rows_bytes = 0;  // of projections and subscriptions
};

struct Root {
  Seq size = 0;
  Hash hash{};
};

class Store {
 public:
  // Opens or makes the store in `path`: its directory, or a directory that holds `.forge`. ":memory:" is a store that lives as long
  // as the object. Errors: kStoreNotFound, kForeignDirectory, kStoreLocked (naming the owner), kFormatTooNew, kDirectoryUnusable,
  // kDataCorrupt, kDataTruncated (acknowledged events are missing: nothing was changed), kRemainsOfStore; to attach also
  // kPeerRefused, kOverloaded and kProtocolBroken; for writing also kDiskFull and kReadOnly (of the file system): nothing that
  // counts was changed, and `read_only` still opens it.
  static Result<Store> open(const std::string& path, OpenOptions options = {});

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();
  // Another object for the same open store, for a part of the program that is handed a Store of its own. close() on either closes
  // the store for both; where nobody has called it, the last object to end does.
  Store share() const;

  // Lets the calls that are under way in other threads finish, however long they take (a verify, a visitor), and answers what waits
  // to be written; whoever waits for a projection or an event is told kClosed. Then closes. Calls that begin later fail with
  // kClosed, as do those of views, streams, subscriptions and consumers made before, which may outlive the object. What tells of
  // the store without an error (head(), id(), domain() and the like) goes on telling what was known last. Closing twice is ok: the
  // second one waits for the first.
  //
  // The destructor of its only object and a move over that one close, too; unlike close() they end the object, so that no call on
  // it may begin once they have. Errors: kUsage inside a call of the store (a visitor, a progress or done function, a
  // subscription's, a fold), which would wait for itself: nothing happens, and the destructor aborts there. kIoError where the
  // clean-stop mark could not be written; nothing acknowledged is lost by it. kIoFatal where writing had ended for good before, or
  // the store's directory is gone; it is closed then, too.
  Status close();

  // Reads the .fbs file and its includes, checks them and, unless this very schema is in force, appends it as the next version.
  // Where it adds upcasts to a resource, every record of that resource is read once as the new version has it.
  // Errors: the first of the schema's (use Domain::parse for all), kSchemaIncompatible with the list of breaks; kUpcastFailed,
  // kUniqueTaken, kReferenceMissing and kKeyInvalid where a record cannot be brought to the new version, naming it. On error
  // nothing changes. With `dry_run` nothing is written in any case.
  Result<LoadedDomain> load_domain(const std::string& path, const ActOptions& options = {});
  Result<LoadedDomain> add_schema(std::vector<SourceFile> sources, const ActOptions& options = {});
  // The domain in force; only Forge's own resources before the first schema.
  std::shared_ptr<const Domain> domain() const;
  std::vector<SchemaVersion> schemas() const;

  // Issues one action, or several as one transaction: all or nothing, each seeing the ones before it. Returns once it is durable.
  // Refusals leave no trace. Errors: kUnknownAction, kActionReads, kUnknownField, kArgument…, kKeyInvalid, kPolicyDenied, kRule…,
  // kRecordNotFound, kRecordExists, kVersionConflict, kUniqueTaken, kKeyReused, kConditionFailed, kConditionInvalid, kTooLarge,
  // kTransactionTooLarge, kOverloaded, kDeadlinePassed (nothing was written), kReadOnly unless it is a dry run, kDiskFull, kIoFatal
  // and kUnknownOutcome (it may or may not be stored: retry with the same idempotency key).
  Result<Receipt> act(std::string_view action, Args args, const ActOptions& options = {});
  Result<TransactionReceipt> transact(std::vector<ActionRequest> actions, const ActOptions& options = {});
  // The same for an action's table as an object that flatc made of the schema (in CMake: forge_schema). What equals the field's
  // default counts as not given. `options.key` names the record where the table does not. Errors: as act, and kSchemaDiffers where
  // the schema in force has no such table or one with other fields.
  template <typename Table>
    requires requires { typename Table::TableType::Builder; }
  Result<Receipt> act(const Table& table, const ActOptions& options = {}) {
    using Made = typename Table::TableType;
    std::vector<TableField> fields;
    const auto* const types = Made::MiniReflectTypeTable();
    for (std::size_t i = 0; i < types->num_elems; ++i) {
      fields.push_back(
          {types->names[i], static_cast<std::uint8_t>(types->type_codes[i].base_type), types->type_codes[i].is_repeating != 0});
    }
    std::remove_reference_t<decltype(Made::Builder::fbb_)> builder;  // a FlatBufferBuilder
    builder.Finish(Made::Pack(builder, &table));
    return act_table(Made::GetFullyQualifiedName(), fields, {builder.GetBufferPointer(), builder.GetSize()}, options);
  }
  // The same without waiting. `done` is called exactly once, from a thread of the store or before this returns, and must not block.
  // What it throws goes to OpenOptions::log as an error and no further: the outcome stands, and the others are answered.
  void transact_async(std::vector<ActionRequest> actions, ActOptions options, std::function<void(Result<TransactionReceipt>)> done);

  // Takes an event back by another one, which names it (Event::undoes): its record has again what it had before, in the fields that
  // the event changed; a record that it made is destroyed, one that it destroyed is made again as it was last. Nothing is erased,
  // and an undo can be undone. Where a later event that has not been undone changed one of these fields, or made or ended the
  // record, the undo is refused and names that event, its actor and time. What else changed since stays.
  //
  // It is decided like an action: computed fields are computed; required fields, limits, `check` rules, unique values, references,
  // indexes and tags hold. Who may do the action that is undone may undo it: its policies are asked over the record as it stands,
  // or, where it was destroyed, as it last was, with the action's arguments. Its `require` rules, `set`, handler and transitions
  // are not asked: they say how a record goes forward. `options` count as for act(); `if_version` is the record's version now.
  // The second takes back every event of the transaction that `seq` is of, the last first, as one transaction.
  // Errors: kEventNotFound; kUndoRefused for events of Forge's own records and those that changed none; kUndoneAlready;
  // kUndoConflict; kPolicyDenied and the others of act() that can still occur.
  Result<Receipt> undo(Seq seq, const ActOptions& options = {});
  Result<TransactionReceipt> undo_transaction(Seq seq, const ActOptions& options = {});

  // The value of a named checkpoint; nothing where there is none. It is set with a transaction (ActOptions::checkpoint), or alone,
  // and then returns once that is durable: without an event, behind every transaction before it. Without a value it is removed.
  // Errors: kDataCorrupt, kIoError; for setting kKeyInvalid, kTooLarge, and as transact.
  Result<std::optional<std::string>> checkpoint(std::string_view name) const;
  Status set_checkpoint(const std::string& name, const std::optional<std::string>& value);

  // The store as it is now, as of a seq, or as of any point. Of a closed store view() gives one whose reads fail with kClosed.
  // Errors of the latter two: kTimeInFuture (naming the head), kBookmarkNotFound, kIdempotencyKeyNotFound.
  View view() const;
  Result<View> as_of(Seq seq) const;
  Result<View> as_of(const Point& point) const;
  Result<Resolved> resolve(const Point& point) const;
  // The current record: view().get() without making a view. Errors: as View::get, and kClosed.
  Result<Record> get(std::string_view resource, std::string_view key) const;

  // Names a point. Errors: kRecordExists where the name is taken, kTimeInFuture, kKeyInvalid (letters, digits and "_.:-", at most
  // 200).
  Result<Bookmark> add_bookmark(const std::string& name, const Point& point, const ActOptions& options = {});
  Status remove_bookmark(const std::string& name, const ActOptions& options = {});
  Result<std::vector<Bookmark>> bookmarks() const;

  // The first event that a reader who begins at `from` gets, as SubscribeOptions has it; one past the head is where the next event
  // will be. Errors: kCursorPastHead; as resolve.
  Result<Seq> first_at(const Point& from) const;
  // Calls back with every event that the options want (subscription.h). Works beside a writer in another process only up to the
  // head at opening. Errors: kTimeInFuture, kBookmarkNotFound and kCursorPastHead for a beginning that is not there,
  // kCursorForeign, kUnknownResource; for a group as join().
  Result<Subscription> subscribe(SubscribeOptions options, EventCallback callback);
  // A consumer of options.group, which is made when there is none. Errors: as subscribe, and kSubscriptionName, kReadOnly,
  // kSubscriptionDiffers for another filter than the group began with, or another policy than that of its living consumers.
  Result<Consumer> join(const SubscribeOptions& options);
  // Every group, by name; and one. Errors: kSubscriptionNotFound, kDataCorrupt.
  Result<std::vector<GroupInfo>> groups() const;
  Result<GroupInfo> group(const std::string& name) const;
  // Events that a group gave up on, in order of seq; nothing for a group that has none. Errors: as group.
  Result<std::vector<ParkedEvent>> parked(const std::string& name) const;
  // Delivers a parked event again, with all its attempts; or gives it up for good. Without `seq`: all of them. Returns how many.
  // Errors: kSubscriptionNotFound, kParkedNotFound; as transact.
  Result<std::uint64_t> retry_parked(const std::string& name, std::optional<Seq> seq = std::nullopt);
  Result<std::uint64_t> skip_parked(const std::string& name, std::optional<Seq> seq = std::nullopt);

  // Rows that follow from the log (projection.h). Lives as long as the store, also where that is moved.
  Projections& projections();
  const Projections& projections() const;

  Seq head() const;
  // The head as the store's watermark tells it: of a store open for reading only, further than head() once a writer beside it has
  // gone on. A look at one small file. Errors: kIoError.
  Result<Seq> newest_head() const;
  // The highest seq that survives a power cut: the head with kSync.
  Seq durable_seq() const;
  // The root of the tree over all events up to the head. Errors: kDataCorrupt.
  Result<Root> root() const;
  Result<StoreStats> stats() const;
  // Cheap; may be asked every second. Nothing where the store is closed.
  std::vector<Metric> metrics() const;
  const std::string& path() const;
  // Made with the store, kept in it for ever.
  std::string id() const;
  bool read_only() const;
  // Another process holds it, and calls go through that one.
  bool is_attached() const;
  // What opening found and mended, in plain sentences; usually empty.
  const std::vector<std::string>& notices() const;

  struct State;  // internal

 private:
  friend class StoreAccess;
  // A field as flatc's code describes it: `type` is FlatBuffers' ElementaryType, of the items where it is a vector.
  struct TableField {
    std::string_view name;
    std::uint8_t type = 0;
    bool is_vector = false;
  };
  Result<Receipt> act_table(std::string_view name, std::span<const TableField> fields, std::span<const std::uint8_t> bytes,
                            const ActOptions& options);
  Result<Seq> group_position(const SubscribeOptions& options) const;
  Result<std::uint64_t> unpark(const std::string& name, std::optional<Seq> seq, bool again);
  explicit Store(std::unique_ptr<State> state);
  explicit Store(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace forge
