#pragma once

// How a store is opened.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/id.h"
#include "forge/events/time.h"
#include "forge/projections/projection.h"
#include "forge/store/action_target.h"
#include "forge/store/handler.h"
#include "forge/store/observe.h"

namespace forge {

// What an acknowledgement means.
enum class Durability : std::uint8_t {
  kSync,  // on disk: survives a power cut
  kOs,    // handed to the operating system: survives the process, not the power
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// Receives one line of the store's own diary, already without control characters. Called from any thread; must not call the store.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

// Bounds, each with its error when passed.
struct Limits {
  std::size_t event_bytes_max = 1 << 20;         // kTooLarge
  std::size_t transaction_bytes_max = 16 << 20;  // kTransactionTooLarge
  std::size_t transaction_actions_max = 10'000;  // kTransactionTooLarge
  std::size_t waiting_actions_max = 100'000;     // of transact_async and streams, not yet answered: kOverloaded
  std::size_t waiting_bytes_max = 256 << 20;     // what these hold in memory: kOverloaded
  std::size_t group_bytes = 1 << 20;             // a group commit takes no further transaction past this
  std::size_t group_actions = 256;               // or past this
};

struct OpenOptions {
  std::string domain = {};  // a .fbs file to load once open, as Store::load_domain does; empty: none
  bool read_only = false;   // takes no lock, changes no byte; may stand beside a writer
  bool create = true;       // makes a store where there is none; never over the remains of one
  bool attach = false;      // where another process holds the store and answers (server.h): act through that one, see Store
  // How long one that opens or closes the store is waited for; one that opened it must answer two seconds after that, and greet
  // within five.
  std::chrono::microseconds attach_timeout = std::chrono::seconds(7);
  Durability durability = Durability::kSync;
  Limits limits = {};
  std::size_t cache_bytes = 64 << 20;         // of data read from disk
  std::size_t write_buffer_bytes = 32 << 20;  // written between two flushes to tables: bounds memory and the time to recover
  Clock* clock = nullptr;                     // null: the system's; outlives the store
  IdSource* ids = nullptr;                    // null: the system's; outlives the store
  LogSink log = {};                           // empty: nowhere
  TraceSink trace = {};                       // empty: no spans are made
  ActionHandlers handlers = {};               // of actions with `handler` (forge/store/handler.h)
  ActionTargets targets = {};                 // of actions with `generic` (forge/store/action_target.h)
  ActionTarget workflow_target = {};          // of those with `workflow`: forge::workflow_target() (forge/workflows/runs.h)
  std::vector<Projection> projections = {};   // as Projections::add; without effect on a store that is open for reading
  std::string owner = {};                     // how the lock names this process to others; empty: its command line
};

}  // namespace forge
