#include "forge/events/system_reason.h"

namespace forge {

std::string system_reason(std::error_code error) {
  const std::error_condition is = error.default_error_condition();
  if (is == std::errc::no_such_file_or_directory) return "it is not there";
  if (is == std::errc::is_a_directory) return "it is a directory";
  if (is == std::errc::not_a_directory) return "a part of its path is no directory";
  if (is == std::errc::permission_denied || is == std::errc::operation_not_permitted) return "permission denied";
  if (is == std::errc::read_only_file_system) return "the file system is read-only";
  if (is == std::errc::no_space_on_device) return "no space is left on the device";
  if (is == std::errc::file_too_large) return "it would be larger than the limit on the size of files";
  if (is == std::errc::too_many_files_open || is == std::errc::too_many_files_open_in_system) return "too many files are open";
  if (is == std::errc::filename_too_long) return "its name is too long";
  return "the system says: " + error.message();
}

std::string system_reason(int error) {
  return system_reason(std::error_code(error, std::generic_category()));
}

}  // namespace forge
