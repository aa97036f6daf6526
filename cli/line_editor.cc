#include "line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

namespace forge::cli {
namespace {

constexpr int kHistoryMax = 1000;
constexpr std::size_t kChoicesMax = 60;

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

class TerminalEditor : public LineEditor {
 public:
  TerminalEditor(ReadKey read_key, std::function<LineCompletion(std::string_view)> complete)
      : read_key_(std::move(read_key)),
        complete_(std::move(complete)),
        edit_(::el_init("forgectl", stdin, stdout, stderr)),
        history_(::history_init()) {
    if (!is_usable()) return;
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, kHistoryMax);
    ::el_set(edit_, EL_CLIENTDATA, this);
    ::el_set(edit_, EL_PROMPT, prompt_of);
    ::el_set(edit_, EL_EDITOR, "emacs");
    ::el_set(edit_, EL_HIST, ::history, history_);
    ::el_set(edit_, EL_GETCFN, key_of);
    // The wide call keeps the two names as they are; the narrow one copies them and never frees the copies.
    ::el_wset(edit_, EL_ADDFN, L"forge-complete", L"complete the word", complete_in);
    ::el_set(edit_, EL_BIND, "^I", "forge-complete", nullptr);
    ::el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    ::el_source(edit_, nullptr);
  }
  TerminalEditor(const TerminalEditor&) = delete;
  TerminalEditor& operator=(const TerminalEditor&) = delete;
  ~TerminalEditor() override {
    if (edit_ != nullptr) ::el_end(edit_);
    if (history_ != nullptr) ::history_end(history_);
  }

  bool is_usable() const { return edit_ != nullptr && history_ != nullptr; }

  Result<std::optional<std::string>> read(const std::string& prompt) override {
    prompt_ = prompt;
    failure_ = {};
    ::el_resize(edit_);
    // Before the prompt is drawn: what is typed as soon as it shows, Ctrl-D too, is the editor's.
    ::el_set(edit_, EL_PREP_TERM, 1);
    int size = 0;
    const char* line = ::el_gets(edit_, &size);
    if (!failure_.ok()) {
      ::el_reset(edit_);
      print("^C\n");
      return failure_;
    }
    if (line == nullptr || size <= 0) {
      print("\n");
      return std::optional<std::string>();
    }
    std::string text(line, static_cast<std::size_t>(size));
    if (text.ends_with('\n')) text.pop_back();
    return std::optional(std::move(text));
  }

  void remember(const std::string& entry) override {
    HistEvent event;
    ::history(history_, &event, H_ENTER, entry.c_str());
  }

 private:
  static TerminalEditor& self(EditLine* edit) {
    void* data = nullptr;
    ::el_get(edit, EL_CLIENTDATA, &data);
    return *static_cast<TerminalEditor*>(data);
  }

  static char* prompt_of(EditLine* edit) { return self(edit).prompt_.data(); }

  // One character, of as many bytes as the locale says. -1 for an error, 0 at the end.
  static int key_of(EditLine* edit, wchar_t* key) {
    TerminalEditor& editor = self(edit);
    std::mbstate_t state{};
    for (;;) {
      char byte = 0;
      const Result<std::size_t> got = editor.read_key_(&byte);
      if (!got.ok()) editor.failure_ = got.status();
      if (!got.ok()) return -1;
      if (*got == 0) return 0;
      const std::size_t size = std::mbrtowc(key, &byte, 1, &state);  // NOLINT(concurrency-mt-unsafe): the state is its own
      if (size == static_cast<std::size_t>(-2)) continue;            // more bytes belong to it
      if (size == static_cast<std::size_t>(-1)) {
        state = {};
        continue;
      }
      if (size == 0) *key = L'\0';
      return 1;
    }
  }

  static unsigned char complete_in(EditLine* edit, int) {
    const LineInfo* line = ::el_line(edit);
    const std::string before(line->buffer, line->cursor);
    const LineCompletion completion = self(edit).complete_(before);
    if (!completion.choices.empty()) {
      print("\n" + listed(completion.choices));
      return CC_REDISPLAY;
    }
    const std::string_view typed = std::string_view(before).substr(completion.from);
    if (completion.text == typed) return CC_REFRESH_BEEP;
    ::el_deletestr(edit, static_cast<int>(characters(typed)));
    return ::el_insertstr(edit, completion.text.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
  }

  static std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  }

  static std::string listed(const std::vector<std::string>& choices) {
    std::string out;
    for (std::size_t i = 0; i < std::min(choices.size(), kChoicesMax); ++i) out += (i == 0 ? "" : "  ") + choices[i];
    if (choices.size() > kChoicesMax) out += "  … " + std::to_string(choices.size() - kChoicesMax) + " more";
    return out + "\n";
  }

  ReadKey read_key_;
  std::function<LineCompletion(std::string_view)> complete_;
  EditLine* edit_;
  ::History* history_;
  std::string prompt_;
  Status failure_;
};

}  // namespace

std::unique_ptr<LineEditor> open_line_editor(ReadKey read_key, std::function<LineCompletion(std::string_view)> complete) {
  // Keys are characters of the locale; where that is the plain one they are taken as UTF-8, as everything else is.
  // NOLINTBEGIN(concurrency-mt-unsafe): set once, before the first line is run
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  // NOLINTEND(concurrency-mt-unsafe)
  auto editor = std::make_unique<TerminalEditor>(std::move(read_key), std::move(complete));
  if (!editor->is_usable()) return nullptr;
  return editor;
}

}  // namespace forge::cli
