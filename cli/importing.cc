#include "importing.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "action_input.h"
#include "bad_row_limit.h"
#include "errors.h"
#include "forge/events/beginning_digest.h"
#include "forge/events/csv_reader.h"
#include "forge/events/json.h"
#include "forge/store/appended_file.h"
#include "import_columns.h"
#include "import_state.h"
#include "quarantine.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kBatchBytesMax = 8 << 20;  // of the rows that are gathered

// A row that waits for its batch.
struct ImportRow {
  CsvPlace place, end;
  bool ends_line = false;
  std::string bytes;                       // since the row before
  std::size_t text_at = 0, text_size = 0;  // in `bytes`
  std::string column;                      // to blame, where that is known
  ActionRequest request;
  Status bad;
  bool is_checked = false;  // the types of its arguments

  std::string_view text() const { return std::string_view(bytes).substr(text_at, text_size); }
};

class Import {
 public:
  explicit Import(Session& session) : session_(session) {}
  Result<int> run();

 private:
  using Rows = std::span<ImportRow>;

  Status read_flags();
  Status open_source();
  Status read_header();
  Status begin();
  Status keep_state();
  Status resume(const std::string& stored);
  Status open_quarantine(bool is_new);
  Status read_rows();
  Result<bool> gather(std::vector<ImportRow>& batch);
  ImportRow taken_in(CsvRow& row) const;
  Status take(Rows rows);
  Status take_some(Rows rows);
  Status commit(Rows rows, std::size_t good);
  Status divide(Rows rows, std::size_t good, const Status& refusal);
  bool find_misfits(Rows rows) const;
  Status set_aside(Rows rows);
  Status store(Rows rows, const ImportState& after);
  ImportState state_after(Rows rows, const BeginningDigest& digest) const;
  Status finish();
  Status stop_at(const ImportRow& row) const;
  std::string stored_text() const;
  Status check_share(bool at_end) const;
  Status report(std::int64_t micros);
  std::string summary(std::int64_t micros) const;
  bool sets_aside() const { return !quarantine_path_.empty(); }

  Session& session_;
  std::string path_, source_name_, checkpoint_, quarantine_path_;
  BadRowLimit limit_;
  ActOptions options_;
  std::unique_ptr<Source> source_;
  std::uint64_t bytes_total_ = 0;  // 0: unknown
  std::unique_ptr<CsvReader> reader_;
  std::optional<Store> store_;
  const Action* action_ = nullptr;  // of the domain that run() holds
  std::optional<ImportColumns> columns_;
  std::optional<AppendedFile> quarantine_;
  ImportState state_;       // as it is stored
  BeginningDigest digest_;  // of what state_ speaks of
  std::uint64_t imported_before_ = 0, bad_before_ = 0;
  CsvRow row_;
};

// ---- What is asked for ----

Status Import::read_flags() {
  const Arguments& arguments = session_.arguments;
  path_ = arguments.words()[0];
  source_name_ = path_ == "-" ? "standard input" : path_;
  options_ = session_.act_options();
  FORGE_ASSIGN(const std::optional<std::string> aside, quarantine_path(arguments.text("on-error"), path_));
  quarantine_path_ = aside.value_or("");
  if (!is_utf8(quarantine_path_)) {
    return Status(ErrorId::kUsage, "the name of the file for bad rows is not UTF-8")
        .state("nothing was written")
        .remedy("choose another name");
  }
  FORGE_ASSIGN(limit_, BadRowLimit::read(arguments.text("max-bad")));
  if (arguments.given("max-bad") && !sets_aside()) {
    return Status(ErrorId::kUsage, "--max-bad needs a file for the bad rows")
        .state("nothing was written")
        .remedy("add --on-error quarantine:FILE");
  }
  if (arguments.count("batch") == 0) {
    return Status(ErrorId::kUsage, "--batch cannot be 0").state("nothing was written").remedy("a row at least");
  }
  if (!arguments.given("action")) {
    return Status(ErrorId::kUsage, "import needs --action").state("nothing was written").remedy("name what each row does");
  }
  checkpoint_ = arguments.text("checkpoint");
  if (checkpoint_.empty() && path_ != "-") checkpoint_ = default_checkpoint(path_, arguments.text("action"));
  return {};
}

Status Import::open_source() {
  FORGE_ASSIGN(source_, open_input(session_, path_));
  std::error_code unknown;
  const std::uintmax_t size = path_ == "-" ? 0 : std::filesystem::file_size(path_, unknown);
  bytes_total_ = unknown ? 0 : size;
  reader_ = std::make_unique<CsvReader>(*source_, source_name_);
  return {};
}

Status Import::read_header() {
  const Arguments& arguments = session_.arguments;
  FORGE_ASSIGN(const ColumnRules rules, ColumnRules::read(*action_, arguments.texts("map"), arguments.texts("ignore")));
  Result<bool> any = reader_->next(row_);
  if (!any.ok()) return Status(any.status()).state("nothing was written");
  if (!*any) {
    return Status(ErrorId::kCsvColumns, source_name_ + " is empty")
        .why("its first line names the columns")
        .state("nothing was written")
        .remedy("give a file with a header");
  }
  Result<ImportColumns> columns = ImportColumns::make(*action_, rules, row_);
  if (!columns.ok()) return Status(columns.status()).place(reader_->text_of(row_.place));
  columns_ = *std::move(columns);
  reader_->expect_columns(columns_->size());
  digest_.add(row_.bytes);
  state_.columns = columns_->digest();
  state_.place = row_.end;
  state_.is_whole_line = row_.ends_line;
  state_.quarantine = quarantine_path_;
  return {};
}

// ---- Where it begins ----

Status Import::begin() {
  if (checkpoint_.empty()) {
    session_.notice("standard input: a stop loses the place; with --checkpoint NAME the same input can be piped again");
    return open_quarantine(true);
  }
  FORGE_ASSIGN(const std::optional<std::string> stored, store_->checkpoint(checkpoint_));
  if (stored) return resume(*stored);
  FORGE_TRY(open_quarantine(true));
  state_.source = digest_.hex();
  return keep_state();
}

Status Import::resume(const std::string& stored) {
  FORGE_ASSIGN(const ImportState known, ImportState::decode(checkpoint_, stored));
  const auto differs = [&](const std::string& why) {
    return Status(ErrorId::kImportDiffers, source_name_ + " does not go on with the import '" + checkpoint_ + "'")
        .why(why)
        .state("nothing was written; it has stored " + counted(known.imported, "row") + " so far");
  };
  if (known.columns != state_.columns) return differs("its columns go to other arguments than when it was begun");
  if (sets_aside() && !known.quarantine.empty() && known.quarantine != quarantine_path_) {
    return differs("its bad rows go to '" + known.quarantine + "'");
  }
  const std::string changed = "its first " + std::to_string(known.place.offset) + " bytes are not those that were read before";
  if (known.place.offset < state_.place.offset) return differs(changed);
  const auto see = [&](std::string_view bytes) { digest_.add(bytes); };
  FORGE_ASSIGN(const bool is_long_enough, reader_->skip_to(known.place, see));
  if (!is_long_enough || digest_.hex() != known.source) return differs(changed);
  state_ = known;
  if (!known.is_whole_line && !reader_->at_end()) {
    if (!reader_->skip_line_end(see)) return differs("its last row had no line end when it was read, and now goes on");
    state_.place = reader_->place();
    state_.is_whole_line = true;
  }
  imported_before_ = known.imported;
  bad_before_ = known.bad;
  if (!sets_aside() || !known.quarantine.empty()) return open_quarantine(false);
  state_.quarantine = quarantine_path_;
  FORGE_TRY(open_quarantine(true));
  return keep_state();
}

// The checkpoint alone.
Status Import::keep_state() {
  return checkpoint_.empty() || session_.dry_run() ? Status() : store_->set_checkpoint(checkpoint_, state_.encode());
}

// What stands behind the checkpoint's length was written by a run that ended before its checkpoint did.
Status Import::open_quarantine(bool is_new) {
  if (!sets_aside() || session_.dry_run()) return {};
  Result<AppendedFile> file = AppendedFile::open(quarantine_path_);
  if (!file.ok()) return Status(file.status()).state("nothing was written");
  quarantine_ = *std::move(file);
  if (is_new) state_.quarantine_bytes = quarantine_->bytes();
  if (quarantine_->bytes() < state_.quarantine_bytes) {
    return Status(ErrorId::kImportDiffers, "'" + quarantine_path_ + "' is not the file that the bad rows went to")
        .why("it has " + std::to_string(quarantine_->bytes()) + " bytes, and " + std::to_string(state_.quarantine_bytes) +
             " were written")
        .state("nothing was written")
        .remedy("put the file back until the import is complete");
  }
  return quarantine_->cut(state_.quarantine_bytes);
}

// ---- Rows ----

ImportRow Import::taken_in(CsvRow& row) const {
  ImportRow out;
  out.place = row.place;
  out.end = row.end;
  out.ends_line = row.ends_line;
  out.text_at = static_cast<std::size_t>(row.text.data() - row.bytes.data());
  out.text_size = row.text.size();
  Result<ActionRequest> request = columns_->request(row);
  if (request.ok()) {
    out.request = *std::move(request);
  } else {
    out.bad = request.status();
    out.column = columns_->column_name(row.bad_column);
  }
  out.bytes = row.bytes;
  return out;
}

// The next rows, of which the last may not be all that --batch asks for; false at the end of the source.
Result<bool> Import::gather(std::vector<ImportRow>& batch) {
  const std::uint64_t rows_max = session_.arguments.count("batch");
  std::size_t bytes = 0;
  batch.clear();
  while (batch.size() < rows_max && bytes < kBatchBytesMax) {
    FORGE_ASSIGN(const bool any, reader_->next(row_));
    if (!any) return false;
    batch.push_back(taken_in(row_));
    bytes += batch.back().bytes.size();
  }
  return true;
}

Status Import::read_rows() {
  Progress progress(session_.streams, session_.progress_form(), "rows");
  std::vector<ImportRow> batch;
  for (bool any = true; any;) {
    if (session_.interrupted()) {
      return Status(ErrorId::kCancelled, "stopped behind row " + std::to_string(state_.place.row - 1))
          .remedy("run the same command again to go on");
    }
    const Result<bool> more = gather(batch);
    FORGE_TRY(take(batch));  // what was read before an error counts
    FORGE_ASSIGN(any, more);
    FORGE_TRY(check_share(false));
    const double part = static_cast<double>(state_.place.offset) / static_cast<double>(std::max<std::uint64_t>(bytes_total_, 1));
    progress.show(state_.imported + state_.bad, bytes_total_ == 0 ? -1 : std::min(part, 1.0));
  }
  FORGE_TRY(check_share(true));
  return finish();
}

// Up to the first bad row that may not be set aside, which ends the import.
Status Import::take(Rows rows) {
  std::uint64_t left = sets_aside() ? limit_.left(state_.bad) : 0;
  const auto is_too_much = [&](const ImportRow& row) { return !row.bad.ok() && left-- == 0; };
  const auto last = std::find_if(rows.begin(), rows.end(), is_too_much);
  FORGE_TRY(take_some(rows.first(static_cast<std::size_t>(last - rows.begin()))));
  return last == rows.end() ? Status() : stop_at(*last);
}

Status Import::take_some(Rows rows) {
  if (rows.empty()) return {};
  const auto good =
      static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const ImportRow& row) { return row.bad.ok(); }));
  Status done = commit(rows, good);
  if (done.ok()) return {};
  if (good == 0 || !is_refusal(done)) return done;
  return divide(rows, good, done);
}

// Those that are to blame are known to be bad afterwards, and the others are stored.
Status Import::divide(Rows rows, std::size_t good, const Status& refusal) {
  if (find_misfits(rows)) return take(rows);
  if (good == 1) {
    std::find_if(rows.begin(), rows.end(), [](const ImportRow& row) { return row.bad.ok(); })->bad = refusal;
    return take(rows);
  }
  std::size_t half = 0;
  for (std::size_t seen = 0; seen < good / 2; ++half) seen += rows[half].bad.ok() ? 1 : 0;
  FORGE_TRY(take(rows.first(half)));
  return take(rows.subspan(half));
}

bool Import::find_misfits(Rows rows) const {
  bool any = false;
  for (ImportRow& row : rows) {
    if (!row.bad.ok() || row.is_checked) continue;
    row.is_checked = true;
    std::optional<ImportColumns::Misfit> misfit = columns_->misfit(row.request);
    if (!misfit) continue;
    any = true;
    row.column = misfit->column;
    row.bad = misfit->error;
  }
  return any;
}

// ---- Storing ----

ImportState Import::state_after(Rows rows, const BeginningDigest& digest) const {
  ImportState after = state_;
  after.source = digest.hex();
  after.place = rows.back().end;
  after.is_whole_line = rows.back().ends_line;
  for (const ImportRow& row : rows) ++(row.bad.ok() ? after.imported : after.bad);
  if (quarantine_) after.quarantine_bytes = quarantine_->bytes();
  return after;
}

// The bad ones are set aside first; where the others are refused, they are not.
Status Import::commit(Rows rows, std::size_t good) {
  if (good < rows.size()) FORGE_TRY(set_aside(rows));
  BeginningDigest digest = digest_;
  for (const ImportRow& row : rows) digest.add(row.bytes);
  ImportState after = state_after(rows, digest);
  if (good > 0) {
    const Status stored = store(rows, after);
    if (!stored.ok() && quarantine_ && is_refusal(stored)) FORGE_TRY(quarantine_->cut(state_.quarantine_bytes));
    FORGE_TRY(stored);
  }
  state_ = std::move(after);
  digest_ = std::move(digest);
  return good > 0 ? Status() : keep_state();
}

Status Import::set_aside(Rows rows) {
  if (!quarantine_) return {};
  for (const ImportRow& row : rows) {
    if (row.bad.ok()) continue;
    Object place{{"row", row.place.row}, {"line", row.place.line}, {"offset", row.place.offset}};
    const std::string field = row.column.empty() ? columns_->column_in(row.bad) : row.column;
    if (!field.empty()) place.add("field", field);
    FORGE_TRY(quarantine_->append(quarantine_line(std::move(place), about_action(row.bad, *action_), row.text())));
  }
  return quarantine_->sync();
}

Status Import::store(Rows rows, const ImportState& after) {
  std::vector<ActionRequest> actions;
  for (const ImportRow& row : rows) {
    if (row.bad.ok()) actions.push_back(row.request);
  }
  ActOptions options = options_;
  if (!checkpoint_.empty()) options.checkpoint = NamedCheckpoint{checkpoint_, after.encode()};
  return store_->transact(std::move(actions), options).status();
}

// Empty lines at the end are read, too: the file is complete.
Status Import::finish() {
  if (row_.bytes.empty()) return {};
  digest_.add(row_.bytes);
  state_.source = digest_.hex();
  state_.place = row_.end;
  state_.is_whole_line = true;
  return keep_state();
}

// ---- What is said ----

std::string Import::stored_text() const {
  if (session_.dry_run()) return "nothing was written";
  if (state_.imported == 0 && state_.bad == 0) return "no row is stored";
  return "rows up to " + std::to_string(state_.place.row - 1) + " are stored" + (state_.bad > 0 ? " or set aside" : "");
}

Status Import::stop_at(const ImportRow& row) const {
  const ErrorText& reason = row.bad.text();
  const bool is_limit = sets_aside();
  const std::string where = "row " + std::to_string(row.place.row);
  Status status(is_limit ? ErrorId::kTooManyBadRows : row.bad.id(),
                is_limit ? where + " would be bad row " + std::to_string(state_.bad + 1) : where + ": " + reason.what);
  std::string why = is_limit ? reason.what + (reason.why.empty() ? "" : ": " + reason.why) : reason.why;
  why += (why.empty() ? "" : "; ") + ("the row begins at byte " + std::to_string(row.place.offset));
  if (!row.column.empty()) why += ", its field '" + printable(row.column) + "'";
  return std::move(status)
      .why(why)
      .place(reader_->text_of(row.place))
      .state(stored_text())
      .remedy(is_limit ? "mend the row, or allow more with --max-bad, and run the same command again"
                       : "mend the row and run the same command again, or set such rows aside: --on-error quarantine:FILE");
}

Status Import::check_share(bool at_end) const {
  const std::uint64_t rows = state_.imported + state_.bad;
  if (!limit_.is_share_passed(state_.bad, rows, at_end)) return {};
  return Status(ErrorId::kTooManyBadRows, "too many rows are bad")
      .why(grouped(state_.bad) + " of " + counted(rows, "row") + ", --max-bad allows " + session_.arguments.text("max-bad"))
      .state(stored_text())
      .remedy("look at " + quarantine_path_ + "; allow more with --max-bad and run the same command again");
}

std::string Import::summary(std::int64_t micros) const {
  const std::uint64_t imported = state_.imported - imported_before_, bad = state_.bad - bad_before_;
  const double seconds = static_cast<double>(micros) / 1e6;
  const auto rate = seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(imported) / seconds) : 0;
  std::string out =
      std::string(session_.dry_run() ? "would import " : "imported ") + grouped(imported) + "  quarantined " + grouped(bad);
  if (bad > 0) out += " (" + printable(quarantine_path_) + ")";
  out += "  " + elapsed_text(micros) + "  " + grouped(rate) + "/s";
  if (!checkpoint_.empty()) out += "   checkpoint " + printable(checkpoint_) + " at row " + std::to_string(state_.place.row - 1);
  return out;
}

Status Import::report(std::int64_t micros) {
  const std::uint64_t imported = state_.imported - imported_before_, bad = state_.bad - bad_before_;
  const bool is_nothing_new = imported + bad == 0 && imported_before_ + bad_before_ > 0;
  if (session_.dry_run()) session_.notice("dry run: each batch was decided alone, against the store as it is; nothing was written");
  if (is_nothing_new) {
    FORGE_TRY(session_.out.text("already complete: " + counted(state_.imported, "row") + " imported, " + grouped(state_.bad) +
                                " quarantined (nothing to do)\n"));
  } else {
    FORGE_TRY(session_.out.text(summary(micros) + "\n"));
  }
  return session_.out.object(Object{{"imported", imported},
                                    {"quarantined", bad},
                                    {"imported_in_all", state_.imported},
                                    {"quarantined_in_all", state_.bad},
                                    {"checkpoint", checkpoint_},
                                    {"rows", state_.place.row - 1},
                                    {"bytes", state_.place.offset},
                                    {"seconds", static_cast<double>(micros) / 1e6},
                                    {"applied", !session_.dry_run()}},
                             "checkpoint");
}

Result<int> Import::run() {
  FORGE_TRY(read_flags());
  FORGE_ASSIGN(store_, session_.open_for_writing());
  const std::shared_ptr<const Domain> domain = store_->domain();
  FORGE_ASSIGN(action_, action_named(*domain, session_.arguments.text("action")));
  if (action_->query) {
    return Status(ErrorId::kActionReads, action_->name + " is a query").why("it changes nothing").state("nothing was written");
  }
  FORGE_TRY(open_source());
  FORGE_TRY(about_action(read_header(), *action_));
  FORGE_TRY(begin());
  const std::int64_t begun = session_.streams.clock->now().micros;
  Status stopped = read_rows();
  if (!stopped.ok()) {
    const std::string& state = stopped.text().state;
    if (state.empty() || state == "nothing was written" || is_refusal(stopped)) stopped = std::move(stopped).state(stored_text());
    session_.print(about_action(stopped, *action_), Object{{"row", state_.place.row}, {"offset", state_.place.offset}});
    return exit_status_of(stopped);
  }
  FORGE_TRY(report(session_.streams.clock->now().micros - begun));
  return state_.bad > 0 && session_.arguments.is_on("strict") ? 4 : 0;
}

}  // namespace

Result<int> run_import(Session& session) {
  Import import(session);
  return import.run();
}

}  // namespace forge::cli
