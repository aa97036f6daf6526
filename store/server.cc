// The server's thread accepts, reads and writes for all connections (server_connection.h). It ends when there is nothing left to
// wait for: no acceptor, no clock, no connection.

#include "forge/store/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <limits>
#include <optional>
#include <thread>

#include "server_connection.h"

namespace forge {

using internal::ListeningSocket;
using internal::ServerConnection;
using internal::ServerSurroundings;
using internal::SideThread;

namespace asio = boost::asio;

struct Server::State {
  State(Store& store, const ServerOptions& of)
      : options(of), slot(StoreAccess::state(store).server), around(store), acceptor(around.io), clock(around.io) {}
  ~State() {
    stop();
    if (is_in_slot) slot->leave();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static constexpr std::chrono::milliseconds kTick{1000};
  static constexpr std::chrono::milliseconds kAcceptPause{100};  // where the process has no descriptor left

  // Errors: as Server::start.
  Status start();
  void stop() FORGE_EXCLUDES(stopping);
  void accept();
  void take(ServerConnection::Socket socket);
  bool make_room(const Status& why);
  void tick();
  void bury(std::shared_ptr<void> rest);

  const ServerOptions options;
  const std::shared_ptr<internal::ServerSlot> slot;
  bool is_in_slot = false;
  std::optional<ListeningSocket> listening;
  std::unique_ptr<SideThread> ending;  // ends what connections leave behind
  ServerSurroundings around;
  asio::local::stream_protocol::acceptor acceptor;
  asio::steady_timer clock;
  std::map<std::uint64_t, std::shared_ptr<ServerConnection>> connections;
  std::uint64_t next_id = 1;
  bool is_stopping = false;
  std::atomic<std::size_t> count{0};  // of connections
  Mutex stopping;                     // held while it stops: who comes second waits
  std::thread thread FORGE_GUARDED_BY(stopping);
};

Status Server::State::start() {
  is_in_slot = slot->take([this] { stop(); });
  if (!is_in_slot) {
    return Status(ErrorId::kUsage, "the store " + around.store.path() + " has a server already")
        .why("one server answers for a store")
        .state("that one goes on")
        .remedy("stop it first, or use it");
  }
  FORGE_ASSIGN(ListeningSocket made, ListeningSocket::open(around.state.files->paths().root));
  listening.emplace(std::move(made));
  around.on_closed = [this](std::uint64_t id, std::shared_ptr<void> rest) {
    bury(std::move(rest));
    connections.erase(id);
    count = connections.size();
    if (is_stopping && connections.empty()) clock.cancel();
  };
  boost::system::error_code ignored;
  acceptor.assign(asio::local::stream_protocol(), listening->take_socket(), ignored);
  accept();
  tick();
  const MutexLock lock(stopping);
  thread = std::thread([this] { around.io.run(); });
  return {};
}

void Server::State::accept() {
  acceptor.async_accept([this](const boost::system::error_code& error, ServerConnection::Socket socket) {
    if (is_stopping) return;
    if (!error) {
      take(std::move(socket));
      return accept();
    }
    auto pause = std::make_shared<asio::steady_timer>(around.io, kAcceptPause);
    pause->async_wait([this, pause](const boost::system::error_code&) {
      if (!is_stopping) accept();
    });
  });
}

void Server::State::take(ServerConnection::Socket socket) {
  if (const Status allowed = listening->check_peer(socket.native_handle()); !allowed.ok()) {
    return ServerConnection::refuse(socket, allowed);
  }
  if (connections.size() >= options.connections_max) {
    const Status full = Status(ErrorId::kOverloaded, "too many processes are connected to the store")
                            .why("no more than " + std::to_string(options.connections_max) + " may be at a time")
                            .state("nothing was written");
    if (!make_room(full)) return ServerConnection::refuse(socket, full);
  }
  const std::uint64_t id = next_id++;
  const auto connection = std::make_shared<ServerConnection>(around, std::move(socket), id);
  connections.emplace(id, connection);
  count = connections.size();
  connection->begin();
}

// Whoever connects and says nothing keeps nobody out: the one that has done so for the longest goes.
bool Server::State::make_room(const Status& why) {
  const auto oldest = std::find_if(connections.begin(), connections.end(), [](const auto& of) { return !of.second->is_greeted(); });
  if (oldest == connections.end()) return false;
  const std::shared_ptr<ServerConnection> silent = oldest->second;  // closing takes it out
  silent->dismiss(why);
  return true;
}

void Server::State::tick() {
  clock.expires_after(kTick);
  clock.async_wait([this](const boost::system::error_code&) {
    const auto all = connections;  // one that ticks may close and leave
    for (const auto& [id, connection] : all) connection->tick();
    if (!is_stopping || !connections.empty()) tick();
  });
}

void Server::State::bury(std::shared_ptr<void> rest) {
  if (rest == nullptr) return;
  if (ending == nullptr) ending = std::make_unique<SideThread>(std::numeric_limits<std::size_t>::max());
  around.ending();
  static_cast<void>(ending
                        ->give([this, rest = std::move(rest)]() mutable -> Status {
                          rest.reset();
                          around.ended();
                          return {};
                        })
                        .ok());
}

void Server::State::stop() {
  const MutexLock lock(stopping);
  if (!thread.joinable()) return;
  around.state.lock->begin_closing();  // before others can see that nobody listens
  std::promise<void> stopped;
  asio::post(around.io, [this, &stopped] {
    is_stopping = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    listening->remove_file();
    for (const auto& [id, connection] : connections) connection->stop_reading();
    stopped.set_value();
  });
  stopped.get_future().wait();
  around.await_answers();
  asio::post(around.io, [this] {
    const auto all = connections;
    for (const auto& [id, connection] : all) connection->end_in_order();
    if (all.empty()) clock.cancel();
  });
  thread.join();
  if (ending != nullptr) static_cast<void>(ending->wait().ok());
  ending.reset();
  around.state.lock->end_closing();
}

// --- the public face ------------------------------------------------------------------------------------------------------------

Result<Server> Server::start(Store& store, ServerOptions options) {
  const Store::State& state = StoreAccess::state(store);
  const internal::Pass pass(*state.gate);
  if (!pass) return internal::closed_error();
  if (state.env != nullptr) return Status(ErrorId::kUsage, "a store in memory has no directory in which others could find it");
  if (state.writer == nullptr) {
    return Status(ErrorId::kReadOnly, "the store " + store.path() + " is not held by this process")
        .why("only the process that holds a store can answer the others");
  }
  auto made = std::make_unique<State>(store, options);
  FORGE_TRY(made->start());
  return Server(std::move(made));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

void Server::stop() {
  state_->stop();
}

std::size_t Server::connections() const {
  return state_->count;
}

}  // namespace forge
