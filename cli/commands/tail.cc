// Events as they come. Without a group the store is read beside whoever writes it. Where that process answers, what comes is sent
// by it; else the watermark tells when there is more, and then the store is opened for reading again. A group keeps its cursor in
// the store: the command holds the store, and answers others meanwhile, or goes through the process that holds it.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "child.h"
#include "commands.h"
#include "forge/events/json.h"
#include "records.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

// What is printed of the events, and how many there may still be.
class Lines {
 public:
  explicit Lines(Session& session) : session_(session), left_(session.arguments.if_count("number")) {
    if (!session.out.is_table()) session.out.begin_list({.headings = {}, .columns = event_columns(), .name = "seq"});
  }

  bool is_full() const { return left_ == std::uint64_t{0}; }
  void count() {
    if (left_) --*left_;
  }
  Status print(const Event& event) {
    if (!session_.out.is_table()) {
      FORGE_TRY(session_.out.row(event.to_object()));
      return session_.out.flush();
    }
    std::string line = std::to_string(event.seq) + "  " + short_time_text(event.recorded_at) + "  " + event.type;
    if (!event.key.empty()) line += "  " + event.key + "  v" + std::to_string(event.version);
    if (const std::string changes = changes_text(event); !changes.empty()) line += "  " + changes;
    if (!event.actor.empty()) line += "  by " + event.actor;
    FORGE_TRY(session_.out.text(printable(line) + "\n"));
    return session_.out.flush();
  }
  Status end() { return session_.out.is_table() ? Status() : session_.out.end_list(); }
  bool is_cut_off() const { return session_.streams.out->closed(); }

 private:
  Session& session_;
  std::optional<std::uint64_t> left_;
};

Result<Point> point_of(const std::string& text) {
  return text == "begin" ? Result<Point>(Point(Seq{1})) : parse_point(text);
}

// Events between the thread that they come in and the one that prints them: few, so that what is not printed stays where it is.
class Arrivals {
 public:
  Status put(const Event& event) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return events_.size() < kMax || is_closed_; });
    if (is_closed_) return Status(ErrorId::kCancelled, "nobody waits for events any more");
    events_.push_back(event);
    changed_.notify_all();
    return {};
  }
  // Nothing where none came in time.
  std::optional<Event> take(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [this] { return !events_.empty(); })) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    changed_.notify_all();
    return event;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t kMax = 256;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
  bool is_closed_ = false;
};

// --- without a group ------------------------------------------------------------------------------------------------------------

class Tail {
 public:
  Tail(Session& session, Store store) : session_(session), store_(std::move(store)), lines_(session) {
    const Arguments& arguments = session.arguments;
    query_.type = arguments.text("type");
    query_.actor = arguments.text("actor");
    std::tie(query_.resource, query_.key) = resource_and_key(arguments.text("resource"));
  }

  Result<int> run() {
    FORGE_TRY(begin());
    for (;;) {
      FORGE_TRY(print_to_head());
      const bool done = is_over() || session_.arguments.is_on("once") || stops_at_head_;
      if (!done && store_.is_attached()) FORGE_TRY(follow());
      if (!done && !is_over()) FORGE_TRY(await_more());
      if (done || session_.interrupted()) break;
    }
    FORGE_TRY(lines_.end());
    if (!session_.interrupted()) return 0;
    session_.notice("stopped at " + std::to_string(next_ - 1) + "; continue with --from " + std::to_string(next_));
    return 130;
  }

 private:
  bool is_over() const { return lines_.is_full() || lines_.is_cut_off() || session_.interrupted(); }

  // Without --from: the last ones where -n says how many, else what comes from now on.
  Status begin() {
    FORGE_TRY(check_event_type(store_, query_.type));
    if (!query_.resource.empty()) FORGE_TRY(resource_named(*store_.domain(), query_.resource).status());
    if (const auto from = session_.arguments.if_text("from")) {
      FORGE_ASSIGN(const Point point, point_of(*from));
      FORGE_ASSIGN(next_, store_.first_at(point));
      return {};
    }
    next_ = store_.head() + 1;
    const auto number = session_.arguments.if_count("number");
    stops_at_head_ = number.has_value();
    if (number.value_or(0) == 0) return {};
    LogQuery last = query_;
    last.newest_first = true;
    last.limit = *number;
    return store_.view().log(last, [&](const Event& event) { return next_ = event.seq, true; });
  }

  Status print_to_head() {
    const Seq head = store_.head();
    if (next_ > head) return {};
    query_.from = next_;
    Status printed;
    FORGE_TRY(store_.as_of(head).value().log(query_, [&](const Event& event) {
      if (lines_.is_full() || session_.interrupted() || lines_.is_cut_off()) return false;
      printed = lines_.print(event);
      lines_.count();
      next_ = event.seq + 1;
      return printed.ok();
    }));
    FORGE_TRY(printed);
    if (!lines_.is_full() && !session_.interrupted()) next_ = head + 1;
    return {};
  }

  // What the process sends that holds the store, for as long as it does.
  Status follow() {
    Arrivals arrivals;
    SubscribeOptions options{.from = next_, .filter = {.resource = query_.resource, .key = query_.key, .actor = query_.actor}};
    if (!query_.type.empty()) options.filter.types = {query_.type};
    Result<Subscription> begun = store_.subscribe(options, [&](const Event& event) { return arrivals.put(event); });
    if (begun.status().id() == ErrorId::kHolderGone) return {};
    FORGE_ASSIGN(const Subscription subscription, std::move(begun));
    Status printed;
    while (printed.ok() && !is_over()) {
      const bool has_ended = !subscription.status().ok();  // asked first: what came before the end is still printed
      const std::optional<Event> event = arrivals.take(has_ended ? std::chrono::milliseconds(0) : kLookEvery);
      if (!event && has_ended) break;
      if (!event) continue;
      printed = lines_.print(*event);
      lines_.count();
      next_ = event->seq + 1;
    }
    arrivals.close();
    const Status ended = subscription.status();
    const bool is_gone = ended.id() == ErrorId::kHolderGone || ended.id() == ErrorId::kClosed;
    return printed.ok() && !is_over() && !is_gone ? ended : printed;
  }

  // Of an attached store: until the process that held it is followed by another, or by nobody.
  Status await_more() {
    for (;;) {
      if (session_.interrupted() || lines_.is_cut_off()) return {};
      if (store_.is_attached()) break;
      // A store that is written in this process, by other lines of a shell.
      if (!store_.read_only() && store_.head() >= next_) return {};
      FORGE_ASSIGN(const Seq newest, store_.newest_head());
      if (newest > store_.head()) break;
      std::this_thread::sleep_for(kLookEvery);
    }
    const std::string id = store_.id();
    FORGE_ASSIGN(store_, session_.open_again());
    if (store_.id() == id) return {};
    return Status(ErrorId::kCursorForeign, "the store in " + store_.path() + " is another one now")
        .why("it was " + id + " and is " + store_.id());
  }

  Session& session_;
  Store store_;
  Lines lines_;
  LogQuery query_;
  Seq next_ = 1;
  bool stops_at_head_ = false;
};

// --- with a group ---------------------------------------------------------------------------------------------------------------

class GroupTail {
 public:
  static constexpr int kFailed = 1;

  explicit GroupTail(Session& session)
      : session_(session), lines_(session), name_(session.arguments.text("group")), command_(session.arguments.text("exec")) {}

  // When the process that holds the store has gone, the store is opened again: by this process, or through the next one.
  Result<int> run() {
    Result<GroupInfo> taken = take_part();
    while (taken.status().id() == ErrorId::kHolderGone && !is_over()) taken = take_part();
    FORGE_ASSIGN(const GroupInfo info, std::move(taken));
    FORGE_TRY(lines_.end());
    const bool is_owed = !command_.empty() && info.retrying > 0;
    if (is_owed) session_.notice(counted(info.retrying, "event") + " to be tried again — the same command goes on");
    if (info.parked > 0) {
      session_.notice(counted(info.parked, "event") + " parked — forgectl subscription parked " + name_);
    }
    if (!session_.interrupted()) return failed_.empty() && !is_owed ? 0 : kFailed;
    session_.notice("stopped at " + std::to_string(info.done_to) + "; the same command goes on from there");
    return 130;
  }

 private:
  bool is_over() const { return lines_.is_full() || lines_.is_cut_off() || session_.interrupted(); }

  // Until it is over; how far the group is then.
  Result<GroupInfo> take_part() {
    FORGE_ASSIGN(SubscribeOptions options, options_of());
    FORGE_ASSIGN(Store store, session_.open_for_writing());
    FORGE_TRY(check_event_type(store, session_.arguments.text("type")));
    FORGE_TRY(check_beginning(store, options.from));
    const std::unique_ptr<Server> server = session_.serve(store);
    FORGE_ASSIGN(Consumer consumer, store.join(options));
    const bool once = session_.arguments.is_on("once");
    while (!is_over()) {
      FORGE_ASSIGN(const std::optional<Delivery> next, consumer.take(once ? std::chrono::microseconds(0) : kLookEvery));
      if (next) FORGE_TRY(deliver(consumer, *next));
      if (!next && once) break;
    }
    return store.group(name_);
  }

  // A group that is there goes on where it stopped, whatever --from says.
  Status check_beginning(const Store& store, const Point& from) {
    if (!session_.arguments.given("from")) return {};
    FORGE_TRY(store.first_at(from).status());
    const Result<GroupInfo> known = store.group(name_);
    if (known.ok() && !std::exchange(is_beginning_told_, true)) {
      session_.notice("notice: --from counts for a new group only; '" + name_ + "' goes on behind event " +
                      std::to_string(known->done_to));
    }
    return {};
  }

  Result<SubscribeOptions> options_of() const {
    const Arguments& arguments = session_.arguments;
    SubscribeOptions options;
    options.group = name_;
    if (arguments.given("type")) options.filter.types = {arguments.text("type")};
    std::tie(options.filter.resource, options.filter.key) = resource_and_key(arguments.text("resource"));
    options.filter.actor = arguments.text("actor");
    options.retry.attempts_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(arguments.count("attempts"), UINT32_MAX));
    options.retry.backoff = arguments.duration("backoff");
    if (const auto from = arguments.if_text("from")) {
      FORGE_ASSIGN(options.from, point_of(*from));
    }
    return options;
  }

  Status deliver(Consumer& consumer, const Delivery& delivery) {
    const Event& event = *delivery.event;
    if (command_.empty()) {
      FORGE_TRY(lines_.print(event));
      if (lines_.is_cut_off()) return {};
    } else {
      FORGE_ASSIGN(const ChildEnd end, run_child(command_, event.to_json() + "\n"));
      if (end.is_not_run()) return not_run(event.seq, end);
      if (end.status != 0) return failed(consumer, delivery, end);
    }
    if (failed_.erase(event.seq) == 0) lines_.count();
    return consumer.ack(event.seq);
  }

  // That is no fault of the event, and would be the same with each one: none is parked for it.
  Status not_run(Seq seq, const ChildEnd& end) const {
    const std::string event = "event " + std::to_string(seq);
    return Status(ErrorId::kConsumerFailed, "'" + command_ + "' could not be run")
        .why("the shell ended with " + end.text() + ": there is no such command, or it may not be executed")
        .state(event + " is not acknowledged, and no attempt is counted")
        .remedy("check the command's name, path and permissions; the same command goes on with " + event);
  }

  // A command that the interrupt reached as well has not failed on the event.
  Status failed(Consumer& consumer, const Delivery& delivery, const ChildEnd& end) {
    if (session_.interrupted()) return {};
    if (failed_.insert(delivery.event->seq).second) lines_.count();
    const std::uint64_t attempts = session_.arguments.count("attempts");
    session_.notice_at_once("event " + std::to_string(delivery.event->seq) + ": " + end.text() + ", attempt " +
                            std::to_string(delivery.attempt) + " of " + std::to_string(attempts));
    return consumer.nack(delivery.event->seq, "'" + command_ + "' ended with " + end.text());
  }

  Session& session_;
  Lines lines_;
  const std::string name_;
  const std::string command_;
  std::set<Seq> failed_;  // what the command failed on here, and on which it has not succeeded since
  bool is_beginning_told_ = false;
};

Status check_tail_flags(const Session& session) {
  const Arguments& arguments = session.arguments;
  const bool has_group = arguments.given("group");
  for (const char* flag : {"exec", "attempts", "backoff"}) {
    if (arguments.given(flag) && !has_group) {
      return Status(ErrorId::kUsage, std::string("--") + flag + " needs --group").why("what failed is noted in the group's cursor");
    }
  }
  if (has_group && arguments.count("attempts") == 0) {
    return Status(ErrorId::kUsage, "--attempts cannot be 0").remedy("one attempt at least, as: --attempts 1");
  }
  if (!has_group || !session.dry_run()) return {};
  return Status(ErrorId::kUsage, "--group and --dry-run contradict each other").why("a group's cursor moves with what it delivers");
}

Result<int> run_tail(Session& session) {
  FORGE_TRY(check_tail_flags(session));
  FORGE_TRY(check_type_glob(session.arguments.text("type")));
  if (session.arguments.given("group")) return GroupTail(session).run();
  FORGE_ASSIGN(Store store, session.open_to_follow());
  return Tail(session, std::move(store)).run();
}

}  // namespace

const Command& tail_command() {
  static const Command kCommand{
      .name = "tail",
      .summary = "events as they come, until Ctrl-C",
      .flags = {{.name = "number",
                 .letter = 'n',
                 .type = FlagType::kCount,
                 .value = "N",
                 .summary = "stop after N; without --from the last N"},
                {.name = "type", .type = FlagType::kText, .value = "GLOB", .summary = "only event types like this: 'Order.*'"},
                {.name = "resource",
                 .type = FlagType::kText,
                 .value = "R[/KEY]",
                 .summary = "only of this resource or record",
                 .offer = Offer::kResource},
                {.name = "from",
                 .type = FlagType::kText,
                 .value = "POINT",
                 .summary = "begin there: begin, now, a seq, a time (help time)",
                 .offer = Offer::kPoint},
                {.name = "once", .summary = "stop at the head instead of waiting"},
                {.name = "group",
                 .type = FlagType::kText,
                 .value = "NAME",
                 .summary = "a durable cursor: go on where it stopped",
                 .offer = Offer::kSubscription},
                {.name = "exec",
                 .type = FlagType::kText,
                 .value = "CMD",
                 .summary = "run CMD for each event, its JSON on standard input; exit 0 acknowledges it"},
                {.name = "attempts",
                 .type = FlagType::kCount,
                 .value = "N",
                 .summary = "park an event that CMD failed on so often",
                 .default_value = "5"},
                {.name = "backoff",
                 .type = FlagType::kDuration,
                 .value = "TIME",
                 .summary = "before the second attempt, doubled with each further one",
                 .default_value = "1s"}},
      .examples = {{"forgectl tail --type 'Order.*' --from 8 -o ndjson", ""},
                   {"forgectl tail -n 5", "the last five, then stop"},
                   {"forgectl tail --group mailer --exec './send.sh'", "each event once it succeeded, over restarts, too"}},
      .notes =
          "--actor NAME shows only events of that actor. Beside a writer of another process tail follows it. With --group "
          "it holds the store and answers other processes meanwhile, or goes through the process that holds it. Exit\n"
          "status 1 where CMD failed on an event that is not done with when tail ends. A CMD that cannot be run (status\n"
          "126 and 127 of the shell) ends tail, and no attempt is counted.",
      .run = run_tail,
  };
  return kCommand;
}

}  // namespace forge::cli
