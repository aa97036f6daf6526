#pragma once

// What rebuilding, restoring and repairing have in common.

#include <memory>
#include <string>
#include <string_view>

#include "forge/store/rebuild.h"
#include "store_builder.h"
#include "store_state.h"

namespace forge::internal {

BuildTarget build_target(const std::string& path, const CopyOptions& options, std::shared_ptr<rocksdb::Env> env);
// Calls a caller's progress now and then; false when it says stop.
bool goes_on(const std::function<bool(Seq, Seq)>& progress, Seq done, Seq total);
// The same for a copy. Errors: kCancelled.
Status tell_progress(const CopyOptions& options, Seq done, Seq total);
Copy copy_of(const BuiltStore& built);
// The seq of a point, which must be the end of a transaction. Errors: as Store::resolve, kPointInsideTransaction; kRecordNotFound
// for a point before the first event of a store that has some.
Result<Seq> end_of_copy(const Store& origin, const Point& point);
Status inside_transaction(const Envelope& event);
inline constexpr std::string_view kTargetAsItWas = "the target is as it was";
// What failed while a copy was written, with what became of the place that it goes to where the failure does not say. Nothing goes
// on by itself there: on a full disk the copy is to be made again.
Status copy_failure(Status failure, std::string_view state);
// Why there is nothing to copy as of a point before `first`, the time of the first event.
Status nothing_there(Time first);

// As rebuild, over an environment of the caller's choice.
Result<Copy> rebuild_over(const Store& origin, const std::string& target, const CopyOptions& options,
                          std::shared_ptr<rocksdb::Env> env, TableLoader::Limits limits = {});

}  // namespace forge::internal
