#include "cli/manual.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace hermetic::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app)
{
    return app.get_subcommands([](const CLI::App*) { return true; });
}

// What roff would take for a request or an escape.
std::string roff(std::string_view text)
{
    std::string out;
    for (const char each : text) {
        if (each == '\\')
            out += "\\e";
        else if (each == '-')
            out += "\\-";
        else
            out += each;
    }
    if (!out.empty() && (out.front() == '.' || out.front() == '\'')) out.insert(0, "\\&");
    return out;
}

// "--config FILE", or the name of a positional.
std::string signature(const CLI::Option& option)
{
    if (option.get_positional()) return roff(option.get_name(true));
    std::string text = fmt::format("\\fB{}\\fR", roff(option.get_name(false, true)));
    if (option.get_expected_max() > 0)
        text += fmt::format(" \\fI{}\\fR", roff(option.get_type_name()));
    return text;
}

void append_options(std::string& page, const CLI::App& command)
{
    for (const CLI::Option* option : command.get_options()) {
        page += ".TP\n" + signature(*option) + "\n" + roff(option->get_description());
        if (!option->get_default_str().empty())
            page += fmt::format(" (default: {})", roff(option->get_default_str()));
        page += "\n";
    }
}

void append_command(std::string& page, const CLI::App& command, const std::string& before)
{
    const std::string name = before + " " + command.get_name();
    const auto inner = commands_of(command);
    if (inner.empty()) {
        page += fmt::format(".SS {}\n{}.\n", roff(name), roff(command.get_description()));
        append_options(page, command);
    }
    for (const CLI::App* each : inner) append_command(page, *each, name);
}

// A case of the completion: what may follow these words.
void append_case(std::string& script, const CLI::App& command, const std::string& words)
{
    std::string follows;
    for (const CLI::App* each : commands_of(command)) follows += each->get_name() + " ";
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) follows += option->get_name(false, true) + " ";
    }
    // Names such as "-h,--help" are two words.
    for (char& each : follows) {
        if (each == ',') each = ' ';
    }
    script += fmt::format("    \"{}\") words=\"{}\" ;;\n", words, follows);
    for (const CLI::App* each : commands_of(command))
        append_case(script, *each, words + (words.empty() ? "" : " ") + each->get_name());
}

}  // namespace

std::string format_manual(const CLI::App& app)
{
    std::string page =
        ".TH HERMETIC 8 \"\" \"Hermetic\" \"System Administration\"\n"
        ".SH NAME\nhermetic \\- mail transport server that makes TLS a policy\n"
        ".SH SYNOPSIS\n.B hermetic\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n"
        ".SH DESCRIPTION\nReceives mail by SMTP, keeps it durably and delivers it with the "
        "protection that its policy requires, or reports why not. One program is the "
        "server\n(\\fBhermetic serve\\fR) and its command line client.\n"
        ".SH COMMANDS\n";
    for (const CLI::App* each : commands_of(app)) append_command(page, *each, "hermetic");
    page +=
        ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nIt failed, or the answer is negative (mail would "
        "be deferred, a check found a fault).\n.TP\n2\nThe command line is wrong.\n.TP\n4\nA dry "
        "run would change "
        "something.\n.TP\n5\n"
        "Somebody else has changed the object meanwhile.\n"
        ".SH FILES\n.TP\n/etc/hermetic/hermetic.toml\nThe settings of this "
        "server.\n.TP\n/etc/hermetic/org.toml\nThe objects of "
        "its organizations, if a file is their source of truth.\n.TP\n/var/lib/hermetic\nThe "
        "spool.\n"
        ".SH SEE ALSO\n/usr/share/doc/hermetic: guides, references of both files, reasons, "
        "metrics.\n";
    return page;
}

std::string format_completion(const CLI::App& app)
{
    std::string script =
        "# Completion of hermetic's command line for bash. Made by `hermetic reference "
        "completion`.\n"
        "_hermetic()\n{\n    local word path=\"\" words=\"\" current=${COMP_WORDS[COMP_CWORD]} i\n"
        "    for ((i = 1; i < COMP_CWORD; ++i)); do\n        word=${COMP_WORDS[i]}\n"
        "        [[ $word == -* ]] || case \" $(_hermetic_words \"$path\") \" in\n"
        "        *\" $word \"*) path=\"${path:+$path }$word\" ;;\n        esac\n    done\n"
        "    words=$(_hermetic_words \"$path\")\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "    ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n}\n"
        "# What may follow these commands.\n_hermetic_words()\n{\n    local words=\"\"\n    case "
        "$1 in\n";
    append_case(script, app, "");
    return script +
           "    esac\n    echo \"$words\"\n}\ncomplete -o filenames -F _hermetic hermetic\n";
}

}  // namespace hermetic::cli
