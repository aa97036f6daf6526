#include "fetch_work.h"

#include <algorithm>
#include <utility>

#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr std::size_t kRowsAtOnce = 256;
constexpr std::size_t kRowsOfPortion = 8192;      // that are mapped as a whole
constexpr std::size_t kRowsToBegin = 1024;        // that begin one by one
constexpr std::size_t kResultBytes = 256 << 10;   // in one entry of the journal, about
constexpr std::size_t kFailuresOfPortion = 1000;  // the same

const Value& given_value(const Object& given, const char* name) {
  static const Value kNull;
  const Value* found = given.find(name);
  return found == nullptr ? kNull : *found;
}

// A row that is bad in itself, as a failure and as a line for the file of bad items.
Object failure_of_row(const FileItem& row) {
  const StepOutcome failed = failure_of(row.error);
  return {{"row", row.place.row}, {"offset", row.place.offset}, {"step", ""}, {"code", failed.code}, {"message", failed.message}};
}

std::string line_of(const Value& failure) {
  Object line;
  for (const auto& [name, value] : failure.if_object()->members()) {
    line.add(name == "code" ? "error" : name == "message" ? "reason" : name, value);
  }
  return to_json(line) + "\n";
}

std::string line_of(const FileItem& row) {
  Object failure = failure_of_row(row);
  is_utf8(row.text) ? failure.add("text", row.text) : failure.add("base64", Bytes(row.text.begin(), row.text.end()));
  return line_of(Value(std::move(failure)));
}

// One fetch, as far as it has come.
class Fetch {
 public:
  explicit Fetch(FetchJob& job) : job_(job) {}

  Result<WorkOutcome> run() {
    if (job_.map->on_item_error == fb::ItemError::Quarantine) {
      const Value& bytes = given_value(job_.given, kFetchQuarantine);
      FORGE_ASSIGN(aside_, job_.files->quarantine(job_.map->quarantine, bytes));
      // Its length is recorded before anything is written to it.
      if (bytes.is_null()) return answer(Object{}, false);
      FORGE_TRY(write_failures());
    }
    if (job_.path.empty()) return answer(Object{}, true);
    FORGE_TRY(job_.portion != nullptr ? map_rows() : begin_rows());
    if (aside_ != nullptr) FORGE_TRY(aside_->sync());
    return answer(told(), is_end_);
  }

 private:
  Status write_failures() {
    const List* failures = given_value(job_.given, kFetchFailures).if_list();
    if (failures == nullptr) return {};
    for (const Value& failure : *failures) FORGE_TRY(aside_->append(line_of(failure)));
    written_ = failures->size();
    return aside_->sync();
  }

  // Further rows; those that are bad in themselves are counted. Errors: the first bad one's, where that makes the map fail.
  Result<std::vector<FileItem>> read(std::size_t rows_max) {
    const Value& known = given_value(job_.given, kFetchPosition);
    const Value& from = position_.is_null() ? (known.is_null() ? job_.begin : known) : position_;
    FORGE_ASSIGN(std::vector<FileItem> rows, job_.files->read(*job_.map, job_.path, from, rows_max));
    position_ = job_.files->position();
    is_end_ = ItemPosition::from_value(position_)->is_end;
    count_ += rows.size();
    for (const FileItem& row : rows) {
      if (row.error.ok()) continue;
      if (job_.map->on_item_error == fb::ItemError::Fail) return row.error;
      ++bad_;
      note(failure_of_row(row));
      if (aside_ != nullptr) FORGE_TRY(aside_->append(line_of(row)));
    }
    return rows;
  }

  void note(Value failure) {
    if (failures_.size() < kFailuresOfPortion) failures_.push_back(std::move(failure));
  }

  std::size_t rows_of(std::size_t wanted) const {
    const std::size_t batch = std::max(job_.map->batch, 1U);
    return batch * std::max<std::size_t>(wanted / batch, 1);
  }

  Status begin_rows() {
    FORGE_ASSIGN(std::vector<FileItem> rows, read(rows_of(kRowsToBegin)));
    items_ = good_items(std::move(rows));
    return {};
  }

  Status map_rows() {
    std::size_t bytes = 0;
    while (!is_end_ && count_ < kRowsOfPortion && bytes < kResultBytes && failures_.size() < kFailuresOfPortion) {
      FORGE_ASSIGN(std::vector<FileItem> rows, read(rows_of(kRowsAtOnce)));
      std::vector<MapItem> items = good_items(std::move(rows));
      if (items.empty()) continue;
      const ItemPlace first = items[0].place;
      Portion mapped = job_.portion->take(std::move(items));
      if (mapped.error) {
        return Status(ErrorId::kStepFailed,
                      "an item from row " + std::to_string(first.row) + " on failed: " + mapped.error->message)
            .why(mapped.error->code);
      }
      FORGE_TRY(take(std::move(mapped), bytes));
    }
    return {};
  }

  Status take(Portion mapped, std::size_t& bytes) {
    bad_ += mapped.bad;
    passed_ = std::min(passed_, mapped.passed);
    for (Value& failure : mapped.failures) note(std::move(failure));
    if (aside_ != nullptr) {
      for (const Value& failure : mapped.unwritten) FORGE_TRY(aside_->append(line_of(failure)));
    }
    if (!job_.keeps_results) return {};
    bytes += to_json(Value(mapped.results)).size();
    results_.insert(results_.end(), std::make_move_iterator(mapped.results.begin()), std::make_move_iterator(mapped.results.end()));
    return {};
  }

  Object told() {
    Object told{{"position", position_}, {"count", count_}, {"part", job_.files->part()}};
    if (bad_ > 0) told.add("bad", bad_);
    if (!failures_.empty()) told.add("failures", std::move(failures_));
    if (job_.portion != nullptr && passed_ != UINT32_MAX) told.add("passed", passed_);
    if (job_.keeps_results && job_.portion != nullptr) told.add("results", std::move(results_));
    if (given_value(job_.given, kFetchPosition).is_null() && !job_.begin.is_null()) told.add("begin", job_.begin);
    return told;
  }

  WorkOutcome answer(Object told, bool last) const {
    if (aside_ != nullptr) told.add("quarantine_bytes", aside_->bytes());
    if (written_ > 0) told.add("written", written_);
    WorkOutcome out{.outcome = StepOutcome::done(Value(std::move(told)))};
    out.last = last;
    out.items = items_;
    return out;
  }

  FetchJob& job_;
  AppendedFile* aside_ = nullptr;
  std::size_t written_ = 0;
  Value position_;
  bool is_end_ = false;
  std::uint64_t count_ = 0, bad_ = 0;
  std::uint32_t passed_ = UINT32_MAX;
  List failures_, results_;
  std::vector<MapItem> items_;
};

}  // namespace

WorkOutcome fetch_items(FetchJob& job) {
  Result<WorkOutcome> fetched = Fetch(job).run();
  return fetched.ok() ? *std::move(fetched) : WorkOutcome{.outcome = failure_of(fetched.status())};
}

WorkOutcome fetch_rows(const Work& work, StepOutcome outcome) {
  if (outcome.kind != StepOutcome::Kind::kDone) return {.outcome = std::move(outcome)};
  const Object* told = outcome.value.if_object();
  const Value* found = told == nullptr ? &outcome.value : told->find(kFetchRows);
  const List* rows = found == nullptr ? nullptr : found->if_list();
  if (rows == nullptr) {
    return {.outcome = StepOutcome::failed("no_rows", "what stands for the source of a map gives a list of rows")};
  }
  if (work.step->body.AsMapStep()->source != fb::MapSource::File) return {.outcome = StepOutcome::done(Value(List(*rows)))};
  WorkOutcome out{.outcome = StepOutcome::done(Object{{"count", rows->size()}, {kFetchRows, List(*rows)}})};
  out.items = *rows_in(out.outcome.value);
  return out;
}

std::optional<std::vector<MapItem>> rows_in(const Value& fact) {
  const Object* told = fact.if_object();
  const List* rows = told == nullptr ? nullptr : given_value(*told, kFetchRows).if_list();
  if (rows == nullptr) return std::nullopt;
  std::vector<MapItem> items;
  for (const Value& row : *rows) items.push_back({row, {items.size() + 1, 0}});
  return items;
}

std::string checkpoint_of_map(const std::string& name) {
  return "map:" + name;
}

Status read_again(MapFiles& files, const fb::MapStepT& map, const Object& command, Fact& fact) {
  const Object* told = fact.value.if_object();
  if (told == nullptr) return {};
  const Value& count = given_value(*told, "count");
  if (count.if_int() == nullptr || *count.if_int() == 0) return {};
  const List* values = given_value(command, "values").if_list();
  const std::string* path = values == nullptr || values->empty() ? nullptr : (*values)[0].if_text();
  if (path == nullptr) return Status(ErrorId::kDataCorrupt, "a fetch of a map has no file");
  const Value& known = given_value(command, kFetchPosition);
  const Value& from = known.is_null() ? given_value(*told, "begin") : known;
  FORGE_ASSIGN(std::vector<FileItem> rows, files.read(map, *path, from, static_cast<std::size_t>(*count.if_int())));
  const std::optional<ItemPosition> wanted = ItemPosition::from_value(given_value(*told, "position"));
  const std::optional<ItemPosition> got = ItemPosition::from_value(files.position());
  if (!wanted || got->digest != wanted->digest) {
    return Status(ErrorId::kItemsDiffer, "'" + *path + "' is not the file that the map has begun with")
        .why("what was read of it has changed");
  }
  fact.items = good_items(std::move(rows));
  return {};
}

}  // namespace forge::internal
