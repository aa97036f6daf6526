#pragma once

// A store of this process that another process holds: what is asked of it goes through the holder's socket. Transactions are
// pipelined over one connection, many callers' requests in one write. When the connection is lost it is made anew with the next
// holder, which may be this process: it then opens the store itself and answers the others, and goes through its own socket. What
// is safe to repeat is sent again: what has an idempotency key, what changes nothing, and what was never looked at. Of the rest the
// outcome is unknown. Safe from any thread.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "forge/events/thread_annotations.h"
#include "forge/store/store.h"
#include "gate.h"
#include "request_queue.h"
#include "socket_wire.h"
#include "subscriber.h"

namespace forge::internal {

class RemoteConsumer;
class RemoteSubscription;

class Attachment {
 public:
  // With `successor` this process may become the next holder, with these options. `gate` is that of the store. Errors: as
  // Wire::open.
  static Result<std::unique_ptr<Attachment>> open(const std::string& directory, std::shared_ptr<Gate> gate,
                                                  std::optional<OpenOptions> successor, std::chrono::milliseconds greeting_max);
  // As close().
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  // Ends subscriptions and consumers, then waits for what is open: for its answer, or until the holder has gone. What comes later
  // fails with kClosed. Once the store's gate is closed and nobody is inside.
  void close() FORGE_EXCLUDES(mutex_);

  // Waits until the holder has `seq` among what it acknowledged, or has gone: then the next one finds it in the log. For two
  // seconds at most; a holder that cannot write does not get there.
  void await_head(Seq seq);

  Result<TransactionReceipt> transact(std::vector<ActionRequest> actions, ActOptions options);
  // `done` is called once, from the attachment's thread or before this returns. `gate` stands for the stream.
  void submit(std::vector<ActionRequest> actions, ActOptions options, const std::shared_ptr<StreamGate>& gate,
              std::function<void(Result<TransactionReceipt>)> done);
  void end_stream(const StreamGate& gate);

  // As the functions of Store and Projections of these names.
  Result<LoadedDomain> add_schema(std::vector<SourceFile> sources, const ActOptions& options);
  Result<Bookmark> add_bookmark(const std::string& name, const Point& point, const ActOptions& options);
  Result<std::vector<GroupInfo>> groups(const std::string& name);
  Result<std::vector<ParkedEvent>> parked(const std::string& name);
  Result<std::uint64_t> unpark(const std::string& name, std::optional<Seq> seq, bool again);
  Result<std::optional<std::string>> checkpoint(std::string_view name);
  Status set_checkpoint(const std::string& name, const std::optional<std::string>& value);
  Result<std::uint64_t> tell_projection(message::Telling telling, const std::string& name, const ActOptions& options);
  Result<ProjectionInfo> projection(const std::string& name);
  Status await_projection(const std::string& name, std::optional<Seq> seq, std::chrono::microseconds timeout);
  // Over a connection and, of a subscription, a thread of its own.
  Result<std::shared_ptr<Subscription::State>> subscribe(const SubscribeOptions& options, EventCallback callback);
  Result<std::shared_ptr<RemoteConsumer>> join(const SubscribeOptions& options);

 private:
  static constexpr std::size_t kOpenMax = 100'000;  // not answered: kOverloaded
  static constexpr std::size_t kSentMax = 512;      // of these sent and not answered; both below what the holder takes
  static constexpr std::size_t kSentBytesMax = 32 << 20;

  using Answer = std::function<void(Result<Message>)>;
  // A request that is not answered.
  struct Request {
    std::string frame;
    bool can_repeat = false;   // the same again does no harm
    bool changes = true;       // else a failure leaves nothing unknown
    std::uint64_t stream = 0;  // whose later transactions must not come before it
    bool is_sent = false;      // some of it may have arrived
    Answer answer;
  };
  using Requests = std::vector<std::pair<std::uint64_t, Request>>;

  // The store as this process holds it, and its answering.
  struct Succession;

  Attachment(std::string directory, std::shared_ptr<Gate> gate, std::unique_ptr<Wire> wire, std::optional<OpenOptions> successor);

  void ask(Request request) FORGE_EXCLUDES(mutex_);
  // Asks and waits.
  Result<Message> await(const Message& message, bool can_repeat, bool changes);
  template <typename Told>
  Result<Told> told(const Message& message, bool can_repeat, bool changes);
  Status refusal_of(const Request& request) const FORGE_REQUIRES(mutex_);
  void send_waiting() FORGE_REQUIRES(mutex_);
  std::string take_unsent() FORGE_REQUIRES(mutex_);

  void run();
  // Until the connection is lost; why.
  Status read_answers(Wire& wire) FORGE_EXCLUDES(mutex_);
  void take(Wire::Received received) FORGE_EXCLUDES(mutex_);
  // What cannot be sent again.
  void fail_uncertain(const Status& why) FORGE_EXCLUDES(mutex_);
  void fail_all(const Status& why) FORGE_EXCLUDES(mutex_);
  bool await_need() FORGE_EXCLUDES(mutex_);
  void end_others() FORGE_EXCLUDES(mutex_);
  Status reconnect() FORGE_EXCLUDES(mutex_);
  Status succeed();

  const std::string directory_;
  const std::string store_;
  const std::shared_ptr<Gate> gate_;
  const Seq greeted_head_;  // of the first holder, when it greeted
  const std::optional<OpenOptions> successor_;
  std::unique_ptr<Succession> succession_;  // of the thread that reads

  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<Wire> wire_ FORGE_GUARDED_BY(mutex_);  // null while there is no connection
  std::map<std::uint64_t, Request> open_ FORGE_GUARDED_BY(mutex_);
  std::uint64_t last_ FORGE_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_stream_ FORGE_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Status> broken_streams_ FORGE_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> goodbye_ FORGE_GUARDED_BY(mutex_);  // the last request that the holder looked at before it ended
  std::uint64_t first_unsent_ FORGE_GUARDED_BY(mutex_) = 0;        // requests from this number on are not sent over this connection
  std::size_t sent_ FORGE_GUARDED_BY(mutex_) = 0;                  // those before it that are not answered
  std::size_t sent_bytes_ FORGE_GUARDED_BY(mutex_) = 0;
  std::string extra_ FORGE_GUARDED_BY(mutex_);  // to be sent first; without an answer
  bool is_sending_ FORGE_GUARDED_BY(mutex_) = false;
  bool is_closing_ FORGE_GUARDED_BY(mutex_) = false;  // nothing more is taken
  bool others_end_ FORGE_GUARDED_BY(mutex_) = false;  // nor subscribed to
  std::vector<std::weak_ptr<RemoteSubscription>> subscriptions_ FORGE_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<RemoteConsumer>> consumers_ FORGE_GUARDED_BY(mutex_);
  std::thread thread_;  // reads
};

}  // namespace forge::internal
