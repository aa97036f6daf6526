#include "server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace forge::internal {

namespace asio = boost::asio;

// The connection is let go before the server hears of it, which may be the end of both.
class ServerConnection::Open {
 public:
  Open(std::shared_ptr<ServerConnection> of, std::size_t bytes) : of_(std::move(of)), bytes_(bytes) {
    ++of_->open_;
    of_->open_bytes_ += bytes_;
    of_->around_.opened();
  }
  ~Open() { end(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  // Sends the answer and is over: the store may keep the callback, and with it this object, for a while.
  void answer(std::uint64_t number, const Message& message) {
    of_->send(number, message);
    end();
  }

 private:
  void end() {
    if (of_ == nullptr) return;
    ServerSurroundings& around = of_->around_;
    of_->answered(bytes_);
    of_.reset();
    around.answered();
  }

  std::shared_ptr<ServerConnection> of_;
  const std::size_t bytes_;
};

struct ServerConnection::Work {
  Work(ServerSurroundings& around, ServerCalls::Push push)
      : calls(around.store, std::move(push), [&around] { around.await_endings(); }) {}

  ServerCalls calls;
  std::atomic<bool> is_check_waiting{false};
  SideThread thread{kOpenMax + 8};  // never full: the requests are bounded, and beside them one resume and one check wait at most
};

// --- reading --------------------------------------------------------------------------------------------------------------------

void ServerConnection::read_on() {
  if (is_reading_ || is_stopping_ || is_ending() || is_closed_) return;
  is_reading_ = true;
  const std::span<std::uint8_t> room = buffer_.room();
  socket_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
                            self->is_reading_ = false;
                            if (error) return self->close();
                            self->buffer_.wrote(bytes);
                            self->take_frames();
                          });
}

void ServerConnection::take_frames() {
  while (!is_stopping_ && !is_ending() && !is_closed_) {
    if (is_full()) {
      is_paused_ = true;
      if (is_full()) {
        frame_since_ = {};  // the rest of a frame may be there, and is not read
        return;
      }
      is_paused_ = false;  // there was room again before the pause could be seen
    }
    const Result<std::optional<Frame>> frame = buffer_.next();
    if (!frame.ok()) return break_off(frame.status());
    if (!*frame) {
      if (frame_since_ == Steady::time_point() && buffer_.is_inside()) frame_since_ = Steady::now();
      return read_on();
    }
    frame_since_ = {};
    take(**frame);
  }
}

bool ServerConnection::is_full() {
  if (open_ >= kOpenMax || open_bytes_ >= kOpenBytesMax) return true;
  const MutexLock lock(out_mutex_);
  return unsent_ > kOutBytesMax;
}

void ServerConnection::take(const Frame& frame) {
  Result<Message> message = decode_payload(frame.payload);
  if (!message.ok()) return break_off(message.status());
  if (!is_greeted_) {
    if (!greet(*message)) break_off(Status(ErrorId::kProtocolBroken, "the connection did not begin with a greeting"));
    return;
  }
  last_taken_ = frame.number;
  if (auto* asked = std::get_if<message::Transact>(&*message)) {
    transact(frame.number, std::move(*asked), frame.payload.size());
  } else if (const auto* end = std::get_if<message::EndStream>(&*message)) {
    gates_.erase(end->stream);
  } else {
    call(frame.number, *std::move(message), frame.payload.size());
  }
}

bool ServerConnection::greet(const Message& message) {
  if (!std::holds_alternative<message::Hello>(message)) return false;
  is_greeted_ = true;
  send(0, message::Welcome{kProtocolVersion, around_.store.id(), around_.store.head()});
  return true;
}

// --- requests -------------------------------------------------------------------------------------------------------------------

// A search of the log for a condition, and a target, take their time in the thread that submits: that is then the connection's own,
// and stays so, since transactions of a stream are submitted in order.
void ServerConnection::transact(std::uint64_t number, message::Transact asked, std::size_t bytes) {
  auto open = std::make_shared<Open>(shared_from_this(), bytes);
  std::shared_ptr<StreamGate> gate = gate_of(asked);
  submits_apart_ = submits_apart_ || takes_time(asked);
  auto submit = [&state = around_.state, number, open = std::move(open), gate = std::move(gate),
                 asked = std::make_shared<message::Transact>(std::move(asked))]() -> Status {
    state.submit(std::move(asked->actions), std::move(asked->options), gate, [number, open](Result<TransactionReceipt> result) {
      open->answer(number, result.ok() ? Message(*std::move(result)) : Message(result.status()));
    });
    return {};
  };
  static_cast<void>((submits_apart_ ? work().thread.give(std::move(submit)) : submit()).ok());
}

bool ServerConnection::takes_time(const message::Transact& asked) const {
  if (asked.options.condition) return true;
  const std::shared_ptr<const Domain> domain = around_.state.catalog.current();
  return std::any_of(asked.actions.begin(), asked.actions.end(), [&](const ActionRequest& request) {
    const Action* const action = domain->find_action(request.action);
    return action != nullptr && action->kind == ActionKind::kGeneric;
  });
}

// A peer that opens stream after stream and ends none loses the order of the oldest.
std::shared_ptr<StreamGate> ServerConnection::gate_of(const message::Transact& asked) {
  if (asked.stream == 0) return nullptr;
  std::shared_ptr<StreamGate>& gate = gates_[asked.stream];
  if (gate == nullptr) {
    gate = std::make_shared<StreamGate>();
    gate->stop_on_refusal = asked.stops_on_refusal;
  }
  std::shared_ptr<StreamGate> found = gate;
  if (gates_.size() > kStreamsMax) gates_.erase(gates_.begin());
  return found;
}

void ServerConnection::call(std::uint64_t number, Message request, std::size_t bytes) {
  if (std::holds_alternative<message::Subscribe>(request)) is_subscribed_ = true;
  auto open = std::make_shared<Open>(shared_from_this(), bytes);
  auto asked = std::make_shared<Message>(std::move(request));
  Work& its = work();
  static_cast<void>(its.thread
                        .give([&calls = its.calls, number, open = std::move(open), asked = std::move(asked)]() -> Status {
                          open->answer(number, calls.answer(number, *asked));
                          calls.resume();
                          return {};
                        })
                        .ok());
}

ServerConnection::Work& ServerConnection::work() {
  if (work_ == nullptr) {
    work_ = std::make_shared<Work>(around_, [of = weak_from_this()](std::uint64_t number, const Message& message) {
      const std::shared_ptr<ServerConnection> self = of.lock();
      return self == nullptr || self->push(number, message);
    });
  }
  return *work_;
}

void ServerConnection::answered(std::size_t bytes) {
  --open_;
  open_bytes_ -= bytes;
  if (!is_paused_ || open_ > kOpenMax / 2 || !is_paused_.exchange(false)) return;
  asio::post(around_.io, [self = shared_from_this()] { self->take_frames(); });
}

// --- writing --------------------------------------------------------------------------------------------------------------------

void ServerConnection::send(std::uint64_t number, const Message& message) {
  static_cast<void>(append(encode_frame(number, message), false));
}

bool ServerConnection::push(std::uint64_t number, const Message& message) {
  return append(encode_frame(number, message), true);
}

bool ServerConnection::append(std::string frame, bool is_extra) {
  const MutexLock lock(out_mutex_);
  if (is_cut_) return true;
  if (is_extra && unsent_ > kOutBytesMax) {
    wants_room_ = true;
    return false;
  }
  unsent_ += frame.size();
  if (out_.empty()) {
    out_ = std::move(frame);
  } else {
    out_ += frame;
  }
  if (is_writing_) return true;
  is_writing_ = true;
  asio::post(around_.io, [self = shared_from_this()] { self->flush(); });
  return true;
}

// What was put there meanwhile goes out at once.
void ServerConnection::flush() {
  sending_.clear();
  {
    const MutexLock lock(out_mutex_);
    sending_.swap(out_);
  }
  asio::async_write(socket_, asio::buffer(sending_),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) { self->flushed(!error); });
}

void ServerConnection::flushed(bool is_sound) {
  if (!is_sound) return close();
  bool has_more = false, has_room = false;
  {
    const MutexLock lock(out_mutex_);
    unsent_ -= sending_.size();
    has_more = !out_.empty();
    is_writing_ = has_more;
    has_room = wants_room_ && unsent_ <= kOutBytesMax / 2;
    if (has_room) wants_room_ = false;
  }
  if (has_more) {
    flush();
  } else if (is_ending()) {
    return close();
  }
  if (has_room && work_ != nullptr) {
    static_cast<void>(work_->thread.give([&calls = work_->calls]() -> Status { return calls.resume(), Status(); }).ok());
  }
  if (is_paused_.exchange(false)) take_frames();
}

// --- the end --------------------------------------------------------------------------------------------------------------------

void ServerConnection::tick() {
  const Steady::time_point now = Steady::now();
  if (is_ending() ? now - ending_since_ > kEndMax : !is_greeted_ && now - since_ > kGreetingMax) return close();
  if (frame_since_ != Steady::time_point() && now - frame_since_ > kFrameMax) {
    return break_off(Status(ErrorId::kProtocolBroken, "a frame was begun and not ended"));
  }
  if (open_ > 0 || is_subscribed_) static_cast<void>(push(0, message::Alive{}));
  if (!is_subscribed_ || work_ == nullptr || work_->is_check_waiting.exchange(true)) return;
  const auto check = [&its = *work_]() -> Status {
    its.is_check_waiting = false;
    its.calls.check();
    return {};
  };
  static_cast<void>(work_->thread.give(check).ok());
}

void ServerConnection::break_off(const Status& why) {
  send(0, why);
  ending_since_ = Steady::now();
}

void ServerConnection::end_in_order() {
  if (is_closed_) return;
  send(0, message::Goodbye{last_taken_});
  ending_since_ = Steady::now();
}

void ServerConnection::refuse(Socket& socket, const Status& why) {
  const std::string frame = encode_frame(0, why);
  static_cast<void>(::send(socket.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

// One that is ending is told something already.
void ServerConnection::dismiss(const Status& why) {
  if (!is_ending()) refuse(socket_, why);
  close();
}

// The calls may be in the middle of one: they are ended by a thread that waits for nobody's sake.
void ServerConnection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  {
    const MutexLock lock(out_mutex_);
    is_cut_ = true;
    out_.clear();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  gates_.clear();
  around_.on_closed(id_, std::move(work_));
}

}  // namespace forge::internal
