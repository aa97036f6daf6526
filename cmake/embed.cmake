# Writes a C++ source that holds INPUT's text as a raw string in pieces that every compiler takes.
file(READ ${INPUT} text HEX)
string(LENGTH "${text}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," text "${text}")
file(WRITE ${OUTPUT} "#include <string_view>
namespace forge::embedded {
namespace {
constexpr unsigned char k_${NAME}[] = {${text}0};
}
extern const std::string_view ${NAME};
const std::string_view ${NAME}(reinterpret_cast<const char*>(k_${NAME}), ${bytes});
}  // namespace forge::embedded
")
