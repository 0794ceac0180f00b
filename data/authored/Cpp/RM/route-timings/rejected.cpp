#include <iomanip>
#include <istream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

std::string routeReport(std::istream& accessLog) {
    std::map<std::string, std::pair<std::pair<int, int>, double>> data;
    std::string s;
    while (std::getline(accessLog, s)) {
        std::istringstream is(s);
        std::string m, p;
        int st = 0;
        double t = 0;
        if (is >> m >> p >> st >> t) {
            auto pos = p.find('?');
            if (pos != std::string::npos) {
                p = p.substr(0, pos);
            }
            auto it = data.find(p);
            if (it == data.end()) {
                if (st >= 500 && st <= 599) {
                    data[p] = std::make_pair(std::make_pair(1, 1), t);
                } else {
                    data[p] = std::make_pair(std::make_pair(1, 0), t);
                }
            } else {
                it->second.first.first++;
                if (st >= 500 && st <= 599) {
                    it->second.first.second++;
                }
                it->second.second += t;
            }
        }
    }
    std::ostringstream res;
    res << std::fixed << std::setprecision(1);
    for (auto it = data.begin(); it != data.end(); ++it) {
        res << it->first << " requests=" << it->second.first.first << " errors=" << it->second.first.second
            << " mean=" << it->second.second / it->second.first.first << "\n";
    }
    return res.str();
}
