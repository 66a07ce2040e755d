#include "tests/conformance/suite.hpp"

#include <sstream>

namespace leasehold::conformance {

std::string finding_text(const Finding& finding, const std::string& command) {
    std::ostringstream out;
    const Difference& difference = finding.difference;
    out << "DIFFERENCE in " << finding.name << ": " << difference.why << "\n"
        << "  " << finding.played << " operations were played; ";
    if (difference.of_the_case)
        out << "both servers agree, and the case is wrong:\n";
    else if (finding.again)
        out << difference.lines.size() << " show it:\n";
    else
        out << "it did not show again, so here is all that led to it:\n";
    std::size_t last = ~std::size_t{0};
    for (const Line& line : difference.lines) {
        std::size_t together = 0;
        for (const Line& other : difference.lines)
            together += other.round == line.round ? 1 : 0;
        const bool first = line.round != last;
        last = line.round;
        out << "  " << (line.round == difference.round ? '>' : ' ')
            << (together > 1 ? (first ? " at once " : "         ") : " ") << line.operation << "\n"
            << "        real       " << line.real << "\n"
            << "        simulated  " << line.simulated << "\n";
    }
    out << "  again: " << command << " --only " << finding.name << "\n";
    return out.str();
}

std::string tally_text(const Tally& tally) {
    std::ostringstream out;
    out << tally.cases << " cases, " << tally.sequences << " random sequences, " << tally.operations
        << " operations (" << tally.at_once << " at once"
        << (tally.lost == 0 ? "" : ", " + std::to_string(tally.lost) + " answers lost") << "), "
        << tally.differences << (tally.differences == 1 ? " difference" : " differences");
    return out.str();
}

}  // namespace leasehold::conformance
