#pragma once

// What everybody who is delivered events draws on.

#include <functional>
#include <memory>
#include <vector>

#include "delivery_pool.h"
#include "event_source.h"
#include "forge/store/options.h"
#include "prepared.h"

namespace forge::internal {

struct Feed {
  Feed(const Database& database, const Catalog& catalog, Clock& wall_clock, std::shared_ptr<const Gate> gate, unsigned threads)
      : source(database, catalog), pool(wall_clock, std::move(gate), threads), clock(wall_clock) {}

  EventSource source;
  DeliveryPool pool;
  Clock& clock;
  LogSink log;  // empty: nowhere
  // The last event that may be delivered: the head, or the last one that survives a power cut.
  std::function<Seq(bool durable_only)> visible;
  // Returns once the rows are durable. Errors: as Store::transact.
  std::function<Status(std::vector<RowWrite>)> write;
};

}  // namespace forge::internal
