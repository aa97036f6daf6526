#include "harness.h"

#include <cstdio>
#include <fstream>

namespace forge::cli {

const char* const kShop = R"(include "forge.fbs";
namespace shop;

enum OrderStatus : byte { Placed, Paid, Cancelled }

/// What one customer ordered.
table Order (resource) {
  id: string (key);
  sku: string (required);
  qty: int = 1 (check: "qty_positive: qty > 0");
  status: OrderStatus;
  note: string;
  email: string (unique);
}
/// Place an order.
table PlaceOrder (action: "Order.place", creates, event: "Order.placed") { sku: string (required); qty: int = 1; note: string; email: string; }
table ResizeOrder (action: "Order.resize", updates, event: "Order.resized", require: "status = 'Placed'") { qty: int = null; }
table NoteOrder (action: "Order.annotate", updates, event: "Order.annotated") { note: string; }
table PayOrder (action: "Order.pay", updates, event: "Order.paid", require: "placed: status = 'Placed'", set: "status = 'Paid'") {}
table DropOrder (action: "Order.drop", destroys, event: "Order.dropped") {}
)";

namespace {

class ForwardingSink : public Sink {
 public:
  explicit ForwardingSink(Sink& sink) : sink_(sink) {}
  Status write(std::string_view bytes) override { return sink_.write(bytes); }

 private:
  Sink& sink_;
};

}  // namespace

Bench::Bench(Place place)
    : before_(std::filesystem::current_path()),
      parent_("cli", place),
      directory_(std::filesystem::weakly_canonical(parent_.path()) / "shop") {
  std::filesystem::create_directories(directory_);
  std::filesystem::current_path(directory_);
}

Bench::Bench(const std::vector<std::string>& commands) : Bench() {
  static std::map<std::vector<std::string>, std::unique_ptr<Bench>> made;
  std::unique_ptr<Bench>& original = made[commands];
  if (original == nullptr) {
    original = std::make_unique<Bench>();
    original->write("shop.fbs", kShop);
    for (const std::string& command : commands) original->expect(command);
    std::filesystem::current_path(directory_);
  }
  copy_files_of(*original);
}

void Bench::expect(const std::string& command) {
  const Answer answer = line(command);
  if (answer.exit != 0) std::fprintf(stderr, "%s: %s", command.c_str(), answer.err.c_str());
  FORGE_ASSERT(answer.exit == 0);
}

void Bench::copy_files_of(const Bench& other) const {
  std::filesystem::copy(other.directory_, directory_, std::filesystem::copy_options::recursive);
}

Bench::~Bench() {
  std::error_code ignored;
  std::filesystem::current_path(before_, ignored);
}

Streams Bench::streams(Source& in, Sink& out, Sink& err) {
  Streams streams;
  streams.in = &in;
  streams.out = &out;
  streams.err = &err;
  streams.out_is_terminal = out_is_terminal;
  streams.err_is_terminal = err_is_terminal;
  streams.terminal_columns = columns;
  streams.environment = [this](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  streams.interrupted = [this] { return interrupted; };
  streams.open_pager = [this, &out](const std::string& command) {
    pagers.push_back(command);
    return std::make_unique<ForwardingSink>(out);
  };
  streams.clock = &clock;
  streams.ids = &ids;
  return streams;
}

Answer Bench::run(const std::vector<std::string>& arguments, const std::string& input) {
  TextSource in(input);
  TextSink out, err;
  Streams around = streams(in, out, err);
  const int exit = cli::run(arguments, around);
  return {exit, out.text, err.text};
}

Answer Bench::line(std::string_view line, const std::string& input) {
  return run(shell_words(line), input);
}

int Bench::run_into(Sink& out, const std::vector<std::string>& arguments, std::string* err) {
  TextSource in("");
  TextSink captured;
  Streams around = streams(in, out, captured);
  const int exit = cli::run(arguments, around);
  *err = captured.text;
  return exit;
}

void Bench::write(const std::string& path, const std::string& text) const {
  if (const auto above = std::filesystem::path(path).parent_path(); !above.empty()) std::filesystem::create_directories(above);
  std::ofstream file(path, std::ios::binary);
  file << text;
  FORGE_ASSERT(file.good());
}

std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (c == ' ') {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(word);
  return words;
}

}  // namespace forge::cli
