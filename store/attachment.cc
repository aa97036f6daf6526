#include "attachment.h"

#include <algorithm>
#include <latch>
#include <thread>
#include <utility>

#include "forge/store/server.h"
#include "remote_consumer.h"
#include "remote_subscription.h"

namespace forge::internal {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kOpeningMax{10};  // for another process that has the lock and opens the store
constexpr std::chrono::milliseconds kHeadMax{2000}, kHeadEvery{1};
constexpr std::size_t kDepthMax = 60;  // of nested values

Status holder_gone() {
  return Status(ErrorId::kHolderGone, "the process that held the store has gone").why("no other that answers has taken its place");
}

// What a request gets whose answer will not come.
Status outcome_of(bool is_sent, bool changes, const Status& why) {
  const std::string& reason = why.text().why.empty() ? why.text().what : why.text().why;
  if (!changes) return Status(ErrorId::kHolderGone, why.text().what).why(why.text().why);
  if (!is_sent) return Status(ErrorId::kHolderGone, why.text().what).why(why.text().why).state("nothing was written");
  return Status(ErrorId::kUnknownOutcome, "the process that holds the store has gone before it answered")
      .why(reason)
      .state("it is stored whole or not at all")
      .remedy("look, or send it again with the same idempotency key");
}

// What a value takes on the way, at least; more than fits where it is nested too deep.
std::size_t bytes_to_send(const Value& value, std::size_t depth);

std::size_t bytes_to_send(const Object& object, std::size_t depth) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : object.members()) bytes += name.size() + bytes_to_send(value, depth);
  return bytes;
}

std::size_t bytes_to_send(const Value& value, std::size_t depth) {
  constexpr std::size_t kOfTable = 24;
  if (depth > kDepthMax) return kPayloadBytesMax;
  if (const std::string* text = value.if_text()) return kOfTable + text->size();
  if (const Bytes* bytes = value.if_bytes()) return kOfTable + bytes->size();
  if (const Object* object = value.if_object()) return kOfTable + bytes_to_send(*object, depth + 1);
  std::size_t bytes = kOfTable;
  if (const List* list = value.if_list()) {
    for (const Value& item : *list) bytes += bytes_to_send(item, depth + 1);
  }
  return bytes;
}

Status no_follow_up() {
  return Status(ErrorId::kHandlerMissing, "the transaction has a follow-up, and another process holds the store")
      .why("a follow-up is code of this program, and is called where the transaction is decided")
      .state("nothing was written")
      .remedy("issue it by the program that holds the store");
}

Status too_large() {
  return Status(ErrorId::kTransactionTooLarge, "the transaction is too large for the store's socket")
      .why("at most " + std::to_string(kPayloadBytesMax) + " bytes go through it at a time, values nested " +
           std::to_string(kDepthMax) + " deep")
      .state("nothing was written");
}

bool fits_in_message(const std::vector<ActionRequest>& actions) {
  std::size_t bytes = 0;
  for (const ActionRequest& action : actions) {
    bytes += action.action.size() + bytes_to_send(action.args, 0);
    if (bytes >= kPayloadBytesMax) return false;
  }
  return true;
}

Status unexpected() {
  return Status(ErrorId::kProtocolBroken, "a request was answered with something else");
}

}  // namespace

struct Attachment::Succession {
  explicit Succession(Store held) : store(std::move(held)) {}

  Store store;
  std::optional<Server> server;
};

Result<std::unique_ptr<Attachment>> Attachment::open(const std::string& directory, std::shared_ptr<Gate> gate,
                                                     std::optional<OpenOptions> successor, std::chrono::milliseconds greeting_max) {
  FORGE_ASSIGN(std::unique_ptr<Wire> wire, Wire::open(directory, {}, greeting_max));
  if (successor) {
    successor->attach = false;
    successor->create = false;
  }
  return std::unique_ptr<Attachment>(new Attachment(directory, std::move(gate), std::move(wire), std::move(successor)));
}

Attachment::Attachment(std::string directory, std::shared_ptr<Gate> gate, std::unique_ptr<Wire> wire,
                       std::optional<OpenOptions> successor)
    : directory_(std::move(directory)),
      store_(wire->welcome().store),
      gate_(std::move(gate)),
      greeted_head_(wire->welcome().head),
      successor_(std::move(successor)),
      wire_(std::move(wire)) {
  thread_ = std::thread([this] { run(); });
}

Attachment::~Attachment() {
  close();
}

// The callbacks of subscriptions may still ask for something: they end first.
void Attachment::close() {
  if (!thread_.joinable()) return;
  end_others();
  {
    const MutexLock lock(mutex_);
    is_closing_ = true;
    changed_.notify_all();
    while (!open_.empty()) changed_.wait(mutex_);
    if (wire_ != nullptr) wire_->close_both_ways();
  }
  thread_.join();
  succession_.reset();
}

void Attachment::end_others() {
  std::vector<std::weak_ptr<RemoteSubscription>> subscriptions;
  std::vector<std::weak_ptr<RemoteConsumer>> consumers;
  {
    const MutexLock lock(mutex_);
    others_end_ = true;
    subscriptions.swap(subscriptions_);
    consumers.swap(consumers_);
  }
  for (const std::weak_ptr<RemoteSubscription>& one : subscriptions) {
    if (const std::shared_ptr<RemoteSubscription> subscription = one.lock()) subscription->close();
  }
  for (const std::weak_ptr<RemoteConsumer>& one : consumers) {
    if (const std::shared_ptr<RemoteConsumer> consumer = one.lock()) consumer->close();
  }
}

// A greeting tells of the head.
void Attachment::await_head(Seq seq) {
  const Steady::time_point until = Steady::now() + kHeadMax;
  for (Seq head = greeted_head_; head < seq && Steady::now() < until;) {
    std::this_thread::sleep_for(kHeadEvery);
    const Result<std::unique_ptr<Wire>> wire = Wire::open(directory_, store_);
    if (!wire.ok()) return;
    head = (*wire)->welcome().head;
  }
}

// --- asking ---------------------------------------------------------------------------------------------------------------------

void Attachment::ask(Request request) {
  MutexLock lock(mutex_);
  const Status refused = refusal_of(request);
  if (!refused.ok()) {
    lock.unlock();
    return request.answer(refused);
  }
  const std::uint64_t number = ++last_;
  set_number(request.frame, number);
  open_.emplace(number, std::move(request));
  changed_.notify_all();
  send_waiting();
}

Status Attachment::refusal_of(const Request& request) const {
  if (is_closing_) return Status(closed_error()).state("nothing was written");
  const auto broken = broken_streams_.find(request.stream);
  if (broken != broken_streams_.end()) return broken->second;
  if (open_.size() < kOpenMax) return {};
  return Status(ErrorId::kOverloaded, "too much work is waiting")
      .why(std::to_string(open_.size()) + " requests to the process that holds the store are not answered")
      .state("nothing was written");
}

// One sends for all who come meanwhile. What fails is noticed by who reads, too.
void Attachment::send_waiting() {
  if (is_sending_) return;
  is_sending_ = true;
  while (wire_ != nullptr) {
    const std::string frames = take_unsent();
    if (frames.empty()) break;
    const std::shared_ptr<Wire> wire = wire_;
    mutex_.unlock();
    const bool is_sound = wire->write(frames).ok();
    if (!is_sound) wire->close_both_ways();
    mutex_.lock();
    if (!is_sound && wire_ == wire) break;
  }
  is_sending_ = false;
}

// As much as the holder reads in any case: so that a write ends, also where answers wait to be read.
std::string Attachment::take_unsent() {
  std::string frames = std::exchange(extra_, {});
  for (auto at = open_.lower_bound(first_unsent_); at != open_.end(); ++at) {
    Request& request = at->second;
    if (sent_ >= kSentMax || (sent_ > 0 && sent_bytes_ + request.frame.size() > kSentBytesMax)) break;
    frames += request.frame;
    ++sent_;
    sent_bytes_ += request.frame.size();
    request.is_sent = true;
    first_unsent_ = at->first + 1;
  }
  return frames;
}

Result<Message> Attachment::await(const Message& message, bool can_repeat, bool changes) {
  Result<Message> out = unexpected();
  std::latch answered(1);
  ask({.frame = encode_frame(0, message), .can_repeat = can_repeat, .changes = changes, .answer = [&](Result<Message> answer) {
         out = std::move(answer);
         answered.count_down();
       }});
  answered.wait();
  return out;
}

template <typename Told>
Result<Told> Attachment::told(const Message& message, bool can_repeat, bool changes) {
  FORGE_ASSIGN(Message answer, await(message, can_repeat, changes));
  Told* const wanted = std::get_if<Told>(&answer);
  if (wanted == nullptr) return unexpected();
  return std::move(*wanted);
}

Result<TransactionReceipt> Attachment::transact(std::vector<ActionRequest> actions, ActOptions options) {
  Result<TransactionReceipt> out = unexpected();
  std::latch answered(1);
  submit(std::move(actions), std::move(options), nullptr, [&](Result<TransactionReceipt> result) {
    out = std::move(result);
    answered.count_down();
  });
  answered.wait();
  return out;
}

void Attachment::submit(std::vector<ActionRequest> actions, ActOptions options, const std::shared_ptr<StreamGate>& gate,
                        std::function<void(Result<TransactionReceipt>)> done) {
  if (options.follow_up) return done(no_follow_up());
  message::Transact asked{.actions = std::move(actions), .options = std::move(options), .stream = 0, .stops_on_refusal = false};
  if (gate != nullptr) {
    const MutexLock lock(mutex_);
    if (gate->remote_stream == 0) gate->remote_stream = ++last_stream_;
    asked.stream = gate->remote_stream;
    asked.stops_on_refusal = gate->stop_on_refusal;
  }
  const bool is_fit = fits_in_message(asked.actions);
  Request request;
  request.can_repeat = !asked.options.idempotency_key.empty() || asked.options.dry_run;
  request.changes = !asked.options.dry_run;
  request.stream = asked.stops_on_refusal ? asked.stream : 0;
  if (is_fit) request.frame = encode_frame(0, asked);
  if (!is_fit || request.frame.size() > kFrameHeadBytes + kPayloadBytesMax) {
    if (request.stream != 0) {
      const MutexLock lock(mutex_);
      broken_streams_.emplace(request.stream, too_large());
    }
    return done(too_large());
  }
  request.answer = [done = std::move(done)](Result<Message> answer) {
    if (!answer.ok()) return done(answer.status());
    auto* const receipt = std::get_if<TransactionReceipt>(&*answer);
    done(receipt != nullptr ? Result<TransactionReceipt>(std::move(*receipt)) : unexpected());
  };
  ask(std::move(request));
}

void Attachment::end_stream(const StreamGate& gate) {
  if (gate.remote_stream == 0) return;
  const MutexLock lock(mutex_);
  broken_streams_.erase(gate.remote_stream);
  if (wire_ == nullptr) return;
  extra_ += encode_frame(0, message::EndStream{gate.remote_stream});
  send_waiting();
}

// --- the thread that reads ------------------------------------------------------------------------------------------------------

void Attachment::run() {
  const OwnThread own(*gate_);
  Status why;
  for (;;) {
    std::shared_ptr<Wire> wire;
    {
      const MutexLock lock(mutex_);
      wire = wire_;
    }
    if (wire != nullptr) {
      why = read_answers(*wire);
      wire->close_both_ways();
    }
    fail_uncertain(why);
    if (!await_need()) break;
    if (const Status again = reconnect(); !again.ok()) fail_all(again);
  }
  fail_all(closed_error());
}

Status Attachment::read_answers(Wire& wire) {
  Steady::time_point heard = Steady::now();
  for (;;) {
    Result<std::optional<Wire::Received>> received = wire.read(std::chrono::milliseconds(1000));
    if (!received.ok()) return received.status();
    if (*received) {
      heard = Steady::now();
      take(**std::move(received));
      continue;
    }
    const MutexLock lock(mutex_);
    if (open_.empty()) heard = Steady::now();
    if (Steady::now() - heard > kSilenceMax) {
      return Status(ErrorId::kHolderGone, "the process that holds the store has not shown life for 10 s");
    }
  }
}

void Attachment::take(Wire::Received received) {
  Answer answer;
  {
    const MutexLock lock(mutex_);
    if (const auto* goodbye = std::get_if<message::Goodbye>(&received.message)) goodbye_ = goodbye->last;
    const auto found = open_.find(received.number);
    if (found == open_.end()) return;
    answer = std::move(found->second.answer);
    if (found->first < first_unsent_) {
      --sent_;
      sent_bytes_ -= found->second.frame.size();
    }
    open_.erase(found);
    if (first_unsent_ <= last_) send_waiting();
    if (is_closing_ && open_.empty()) changed_.notify_all();
  }
  if (const Status* refusal = std::get_if<Status>(&received.message)) return answer(*refusal);
  answer(std::move(received.message));
}

// A stream that breaks off stays so: what comes after the uncertain transaction must not be decided without it.
void Attachment::fail_uncertain(const Status& why) {
  std::vector<std::pair<Answer, Status>> failed;
  {
    const MutexLock lock(mutex_);
    wire_ = nullptr;
    extra_.clear();
    sent_ = sent_bytes_ = 0;
    first_unsent_ = 0;
    for (auto at = open_.begin(); at != open_.end();) {
      Request& request = at->second;
      const bool was_seen = request.is_sent && (!goodbye_ || at->first <= *goodbye_);
      const auto broken = broken_streams_.find(request.stream);
      const bool can_stay = (!was_seen || request.can_repeat) && broken == broken_streams_.end();
      request.is_sent = was_seen;
      if (can_stay) {
        ++at;
        continue;
      }
      Status outcome = broken != broken_streams_.end() && !was_seen ? broken->second : outcome_of(was_seen, request.changes, why);
      if (request.stream != 0) broken_streams_.emplace(request.stream, Status(outcome).state("nothing was written"));
      failed.emplace_back(std::move(request.answer), std::move(outcome));
      at = open_.erase(at);
    }
    goodbye_.reset();
    changed_.notify_all();
  }
  for (auto& [answer, outcome] : failed) answer(std::move(outcome));
}

void Attachment::fail_all(const Status& why) {
  std::map<std::uint64_t, Request> failed;
  {
    const MutexLock lock(mutex_);
    failed.swap(open_);
    changed_.notify_all();
    for (auto& [number, request] : failed) {
      if (request.stream != 0) broken_streams_.emplace(request.stream, outcome_of(false, true, why));
    }
  }
  for (auto& [number, request] : failed) request.answer(outcome_of(request.is_sent, request.changes, why));
}

// Until something is asked for; false when the store closes.
bool Attachment::await_need() {
  const MutexLock lock(mutex_);
  while (open_.empty() && !is_closing_) changed_.wait(mutex_);
  return !is_closing_;
}

// What is open is sent once more, in its order.
Status Attachment::reconnect() {
  const Steady::time_point until = Steady::now() + kReconnectMax, until_opened = Steady::now() + kOpeningMax;
  for (;;) {
    Result<std::unique_ptr<Wire>> wire = Wire::open(directory_, store_);
    MutexLock lock(mutex_);
    if (wire.ok()) {
      wire_ = *std::move(wire);
      send_waiting();
      return {};
    }
    if (wire.status().id() != ErrorId::kHolderGone) return wire.status();
    if (is_closing_) return holder_gone();
    lock.unlock();
    const Status succeeded = succeed();
    lock.lock();
    if (succeeded.ok()) continue;
    const bool is_other_coming = succeeded.id() == ErrorId::kStoreLocked;
    if (Steady::now() > (is_other_coming ? until_opened : until)) return is_other_coming || !successor_ ? holder_gone() : succeeded;
    static_cast<void>(changed_.wait_for(mutex_, kReconnectEvery));
  }
}

// Another process that takes the lock first is the next holder.
Status Attachment::succeed() {
  if (!successor_) return holder_gone();
  succession_.reset();
  FORGE_ASSIGN(Store held, Store::open(directory_, *successor_));
  auto succession = std::make_unique<Succession>(std::move(held));
  FORGE_ASSIGN(succession->server, Server::start(succession->store));
  succession_ = std::move(succession);
  return {};
}

// --- what is asked --------------------------------------------------------------------------------------------------------------

Result<LoadedDomain> Attachment::add_schema(std::vector<SourceFile> sources, const ActOptions& options) {
  return told<LoadedDomain>(message::AddSchema{std::move(sources), options}, false, !options.dry_run);
}

Result<Bookmark> Attachment::add_bookmark(const std::string& name, const Point& point, const ActOptions& options) {
  return told<Bookmark>(message::AddBookmark{name, point, options}, false, !options.dry_run);
}

Result<std::vector<GroupInfo>> Attachment::groups(const std::string& name) {
  FORGE_ASSIGN(message::Groups told_of, told<message::Groups>(message::AskGroups{name}, true, false));
  return std::move(told_of.groups);
}

Result<std::vector<ParkedEvent>> Attachment::parked(const std::string& name) {
  FORGE_ASSIGN(message::Parked told_of, told<message::Parked>(message::AskParked{name}, true, false));
  return std::move(told_of.events);
}

Result<std::uint64_t> Attachment::unpark(const std::string& name, std::optional<Seq> seq, bool again) {
  FORGE_ASSIGN(const message::Done done, told<message::Done>(message::Unpark{name, seq, again}, false, true));
  return done.number;
}

Result<std::optional<std::string>> Attachment::checkpoint(std::string_view name) {
  FORGE_ASSIGN(message::Checkpoint told_of, told<message::Checkpoint>(message::AskCheckpoint{std::string(name)}, true, false));
  return std::move(told_of.value);
}

Status Attachment::set_checkpoint(const std::string& name, const std::optional<std::string>& value) {
  return told<message::Done>(message::SetCheckpoint{{name, value}}, true, true).status();
}

Result<std::uint64_t> Attachment::tell_projection(message::Telling telling, const std::string& name, const ActOptions& options) {
  FORGE_ASSIGN(const message::Done done,
               told<message::Done>(message::TellProjection{telling, name, options}, false, !options.dry_run));
  return done.number;
}

Result<ProjectionInfo> Attachment::projection(const std::string& name) {
  return told<ProjectionInfo>(message::AskProjection{name}, true, false);
}

Status Attachment::await_projection(const std::string& name, std::optional<Seq> seq, std::chrono::microseconds timeout) {
  const auto until = Steady::now() + timeout;
  for (;;) {
    if (gate_->is_closed()) return closed_error();
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - Steady::now());
    const auto wait = std::max(left, std::chrono::microseconds(0));
    Status status = told<message::Done>(message::AwaitProjection{name, seq, wait}, true, false).status();
    if (status.id() != ErrorId::kDeadlinePassed || Steady::now() >= until) return status;
  }
}

Result<std::shared_ptr<Subscription::State>> Attachment::subscribe(const SubscribeOptions& options, EventCallback callback) {
  FORGE_ASSIGN(std::shared_ptr<RemoteSubscription> begun,
               RemoteSubscription::begin(directory_, store_, options, std::move(callback), gate_));
  MutexLock lock(mutex_);
  if (others_end_) {
    lock.unlock();
    begun->close();
    return closed_error();
  }
  std::erase_if(subscriptions_, [](const auto& one) { return one.expired(); });
  subscriptions_.push_back(begun);
  return std::shared_ptr<Subscription::State>(std::move(begun));
}

Result<std::shared_ptr<RemoteConsumer>> Attachment::join(const SubscribeOptions& options) {
  FORGE_ASSIGN(std::shared_ptr<RemoteConsumer> joined, RemoteConsumer::join(directory_, store_, options, gate_));
  const MutexLock lock(mutex_);
  if (others_end_) return closed_error();
  std::erase_if(consumers_, [](const auto& one) { return one.expired(); });
  consumers_.push_back(joined);
  return joined;
}

}  // namespace forge::internal
