#pragma once

// The terminal's line editor of `forgectl shell`: of the program, not of the library. The only place for libedit.

#include <functional>
#include <memory>

#include "forge/cli/run.h"

namespace forge::cli {

// How a key press is waited for: a byte of it, nothing at the end of input. Errors: kCancelled where the user interrupts.
using ReadKey = std::function<Result<std::size_t>(char* byte)>;

// On standard input and output, which are terminals. Null where the terminal cannot be used.
std::unique_ptr<LineEditor> open_line_editor(ReadKey read_key, std::function<LineCompletion(std::string_view)> complete);

}  // namespace forge::cli
