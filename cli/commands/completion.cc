#include "commands.h"
#include "session.h"

namespace forge::cli {
namespace {

// Each script hands the line up to the cursor to `forgectl __complete`, which answers with one candidate a line: the word, then
// after a tab what it means.
constexpr const char* kBash = R"sh(# forgectl completion for bash: forgectl completion bash > /etc/bash_completion.d/forgectl
_forgectl() {
  local line="${COMP_LINE:0:COMP_POINT}" word before candidate says
  word="${line##*[[:space:]]}"
  before="${word%"${word##*[=:]}"}" # bash replaces only what follows the last = or :
  COMPREPLY=()
  while IFS=$'\t' read -r candidate says; do
    candidate="${candidate#"$before"}"
    # A key may hold what the shell would take for its own.
    [[ "$candidate" == *[[:space:]\\\'\"\$\`\&\;\|\<\>\(\)\*\?\!\#]* ]] && printf -v candidate '%q' "$candidate"
    COMPREPLY+=("$candidate")
  done < <(forgectl __complete "$line" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[=:.] ]] && compopt -o nospace
}
complete -o default -F _forgectl forgectl
)sh";

constexpr const char* kZsh = R"sh(#compdef forgectl
# forgectl completion for zsh: forgectl completion zsh > "${fpath[1]}/_forgectl"
_forgectl() {
  local -a words_found
  local candidate says
  while IFS=$'\t' read -r candidate says; do
    candidate="${candidate//\\/\\\\}"
    words_found+=("${candidate//:/\\:}:${says}")
  done < <(forgectl __complete "$LBUFFER" 2>/dev/null)
  (( ${#words_found} )) && _describe forgectl words_found -S '' || _files
}
compdef _forgectl forgectl
)sh";

constexpr const char* kFish =
    R"sh(# forgectl completion for fish: forgectl completion fish > ~/.config/fish/completions/forgectl.fish
function __forgectl_complete
    forgectl __complete (commandline -cp) 2>/dev/null
end
complete -c forgectl -a '(__forgectl_complete)'
)sh";

Result<int> run_completion(Session& session) {
  const std::string& shell = session.arguments.words()[0];
  const char* script = shell == "bash" ? kBash : shell == "zsh" ? kZsh : shell == "fish" ? kFish : nullptr;
  if (script == nullptr) {
    return Status(ErrorId::kUsage, "there is no completion for '" + shell + "'").remedy("one of: bash, zsh, fish");
  }
  FORGE_TRY(session.out.text(script));
  FORGE_TRY(session.out.object(Object{{"shell", shell}, {"script", script}}, "shell"));
  return 0;
}

}  // namespace

const Command& completion_command() {
  static const Command kCommand{
      .name = "completion",
      .summary = "a completion script for a shell",
      .arguments = {{.name = "SHELL", .summary = "which shell", .offer = Offer::kChoices, .choices = {"bash", "zsh", "fish"}}},
      .examples = {{"forgectl completion bash > /etc/bash_completion.d/forgectl", ""}},
      .settings = UseOfSettings::kNone,
      .run = run_completion,
  };
  return kCommand;
}

}  // namespace forge::cli
