#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace {

constexpr int kShellCannotRun = 126;
constexpr int kShellNotFound = 127;

std::string quoted(const std::string& word) {
    std::string result = "\"";
    for (char c : word) {
        if (c == '"' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result + "\"";
}

int run(const std::vector<std::string>& words) {
    std::string command;
    for (const std::string& word : words) {
        command += quoted(word) + " ";
    }
    const int status = std::system(command.c_str());
    if (status == -1 || !WIFEXITED(status)) {
        return -1;
    }
    const int code = WEXITSTATUS(status);
    return code == kShellCannotRun || code == kShellNotFound ? -1 : code;
}

}  // namespace

int extractText(const std::filesystem::path& document, const std::filesystem::path& output) {
    return run({"pdftotext", "-q", "-enc", "UTF-8", document.string(), output.string()});
}
