#pragma once

// One connection of a server. Its reading and writing are done by the server's thread; answers come from threads of the store and
// are put into its buffer, which that thread empties. Requests that may take time are worked on by a thread of the connection's
// own. Nothing here waits for the peer.
//
// It reads on while fewer than kOpenMax requests and kOpenBytesMax of them are open and at most kOutBytesMax of answers lie there
// unread: so what a peer can make this process keep is bounded, and the peer's own buffer fills next.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "forge/events/thread_annotations.h"
#include "server_calls.h"
#include "side_thread.h"
#include "socket_frame.h"
#include "store_state.h"

namespace forge::internal {

// What the connections of a server share.
struct ServerSurroundings {
  explicit ServerSurroundings(Store& of) : store(of), state(StoreAccess::state(of)) {}

  Store& store;
  Store::State& state;
  boost::asio::io_context io{1};
  // In the server's thread: what the connection leaves behind may take some time to end.
  std::function<void(std::uint64_t connection, std::shared_ptr<void> rest)> on_closed;

  void opened() {
    const MutexLock lock(mutex);
    ++open;
  }
  void answered() {
    const MutexLock lock(mutex);
    if (--open == 0) none_open.notify_all();
  }
  void await_answers() {
    const MutexLock lock(mutex);
    while (open > 0) none_open.wait(mutex);
  }

  // Of what a closed connection left behind.
  void ending() {
    const MutexLock lock(mutex);
    ++endings;
  }
  void ended() {
    const MutexLock lock(mutex);
    if (--endings == 0) none_ending.notify_all();
  }
  // A second at most: others may come to an end all the time. What one waits for takes half of that (ServerCalls::answer).
  void await_endings() {
    constexpr std::chrono::milliseconds kMost{1000};
    const auto until = std::chrono::steady_clock::now() + kMost;
    const MutexLock lock(mutex);
    bool in_time = true;
    while (endings > 0 && in_time) in_time = none_ending.wait_for(mutex, until - std::chrono::steady_clock::now());
  }

  Mutex mutex;
  CondVar none_open, none_ending;
  std::uint64_t endings FORGE_GUARDED_BY(mutex) = 0;
  std::uint64_t open FORGE_GUARDED_BY(mutex) = 0;  // requests, of all connections
};

// All functions but send() and push() are for the server's thread. Shared, because a request that is open keeps it.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Steady = std::chrono::steady_clock;
  ServerConnection(ServerSurroundings& around, Socket socket, std::uint64_t id)
      : around_(around), socket_(std::move(socket)), id_(id) {}

  // Tells a peer to which nothing was sent yet: into its empty buffer, without waiting.
  static void refuse(Socket& socket, const Status& why);

  void begin() { read_on(); }
  bool is_greeted() const { return is_greeted_; }
  // Once a second: shows life to who waits, ends what does not get on.
  void tick();
  // Reads nothing more; what was taken is answered.
  void stop_reading() { is_stopping_ = true; }
  // Says goodbye and closes once everything is out.
  void end_in_order();
  // Closes at once a connection that was not greeted.
  void dismiss(const Status& why);
  void close();

  // Answers, whatever lies there unread.
  void send(std::uint64_t number, const Message& message);
  // Sends what is extra; false where too much lies there unread, and then the connection's calls are resumed once it is less.
  bool push(std::uint64_t number, const Message& message);

 private:
  static constexpr std::size_t kOpenMax = 1024;
  static constexpr std::size_t kOpenBytesMax = 64 << 20;
  static constexpr std::size_t kOutBytesMax = 1 << 20;
  static constexpr std::chrono::seconds kGreetingMax{5};
  static constexpr std::chrono::seconds kFrameMax{10};  // from a frame's first byte to its last
  static constexpr std::chrono::seconds kEndMax{5};     // from the decision to close until it must be closed
  static constexpr std::size_t kStreamsMax = 1024;

  // A request until it is answered or dropped.
  class Open;
  // The calls and their thread, which finishes the one at hand.
  struct Work;

  void read_on();
  void take_frames();
  bool is_full();
  void take(const Frame& frame);
  bool greet(const Message& message);
  void transact(std::uint64_t number, message::Transact asked, std::size_t bytes);
  void call(std::uint64_t number, Message request, std::size_t bytes);
  Work& work();
  bool takes_time(const message::Transact& asked) const;
  std::shared_ptr<StreamGate> gate_of(const message::Transact& asked);
  void break_off(const Status& why);
  void answered(std::size_t bytes);

  bool append(std::string frame, bool is_extra) FORGE_EXCLUDES(out_mutex_);
  void flush();
  void flushed(bool is_sound);
  bool is_ending() const { return ending_since_ != Steady::time_point(); }

  ServerSurroundings& around_;
  Socket socket_;
  const std::uint64_t id_;
  FrameBuffer buffer_;
  std::string sending_;  // by the operation under way
  const Steady::time_point since_ = Steady::now();
  Steady::time_point frame_since_;  // while a frame is not all there
  std::uint64_t last_taken_ = 0;
  bool is_greeted_ = false;
  bool is_reading_ = false;
  bool is_stopping_ = false;
  Steady::time_point ending_since_;  // it closes once everything is out
  bool is_closed_ = false;
  std::map<std::uint64_t, std::shared_ptr<StreamGate>> gates_;
  bool submits_apart_ = false;  // in the thread of work_
  std::shared_ptr<Work> work_;  // shared only with who ends it

  std::atomic<std::size_t> open_{0}, open_bytes_{0};
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> is_subscribed_{false};

  Mutex out_mutex_;
  std::string out_ FORGE_GUARDED_BY(out_mutex_);
  std::size_t unsent_ FORGE_GUARDED_BY(out_mutex_) = 0;  // bytes in out_ and in sending_
  bool is_writing_ FORGE_GUARDED_BY(out_mutex_) = false;
  bool wants_room_ FORGE_GUARDED_BY(out_mutex_) = false;
  bool is_cut_ FORGE_GUARDED_BY(out_mutex_) = false;  // nothing goes out any more
};

}  // namespace forge::internal
