#pragma once

// When a workflow is due: by a cron line, or every so often. All times are UTC. Immutable: safe to share.

#include <cstdint>
#include <optional>
#include <string_view>

#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge::internal {

class Schedule {
 public:
  // Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). A field is '*', or a list of numbers
  // and ranges; "/n" behind '*' or a range takes each n-th. Months and days may be given by three letters. Where both the day of
  // the month and that of the week are restricted, either is enough. Errors: kWorkflowAttribute naming the field, also where no day
  // is ever one, as the 30th of February.
  static Result<Schedule> parse(std::string_view line);
  // At each multiple of that time since 1970.
  static Schedule every(std::int64_t micros);

  // The first due time after `time`; nothing where there is none for centuries.
  std::optional<Time> next(Time time) const;
  // The last one after `since` and not after `until`; nothing where there is none.
  std::optional<Time> last(Time since, Time until) const;

 private:
  bool is_day(std::int64_t day) const;

  std::int64_t every_ = 0;  // 0: by the fields
  std::uint64_t minutes_ = 0;
  std::uint64_t hours_ = 0;
  std::uint64_t days_ = 0;
  std::uint64_t months_ = 0;
  std::uint64_t weekdays_ = 0;
  bool any_day_ = false;      // the day of the month is '*'
  bool any_weekday_ = false;  // the day of the week is '*'
};

}  // namespace forge::internal
