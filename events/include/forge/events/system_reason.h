#pragma once

// Why the operating system refused something, for the second part of an error.

#include <string>
#include <system_error>

namespace forge {

// The reason in plain words: "it is not there", "it is a directory". What is rare is told as the system tells it.
std::string system_reason(std::error_code error);
// The same for a value of errno.
std::string system_reason(int error);

}  // namespace forge
