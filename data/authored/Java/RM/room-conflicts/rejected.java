import java.util.ArrayList;
import java.util.List;

final class RoomConflicts {

    static List<String> find(List<String> bookings) {
        String re = "\\S+ ([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d .+";
        List<String> res = new ArrayList<>();
        for (int i = 0; i < bookings.size(); i++) {
            String a = bookings.get(i);
            if (a.matches(re)) {
                String[] x = a.split(" ", 3);
                int s1 = Integer.parseInt(x[1].substring(0, 2)) * 60 + Integer.parseInt(x[1].substring(3, 5));
                int e1 = Integer.parseInt(x[1].substring(6, 8)) * 60 + Integer.parseInt(x[1].substring(9, 11));
                for (int j = i + 1; j < bookings.size(); j++) {
                    String b = bookings.get(j);
                    if (b.matches(re)) {
                        String[] y = b.split(" ", 3);
                        int s2 = Integer.parseInt(y[1].substring(0, 2)) * 60 + Integer.parseInt(y[1].substring(3, 5));
                        int e2 = Integer.parseInt(y[1].substring(6, 8)) * 60 + Integer.parseInt(y[1].substring(9, 11));
                        if (x[0].equals(y[0])) {
                            int s = s1 > s2 ? s1 : s2;
                            int e = e1 < e2 ? e1 : e2;
                            if (s < e) {
                                res.add(x[0] + ": " + x[2] + " / " + y[2] + " "
                                    + String.format("%02d:%02d-%02d:%02d", s / 60, s % 60, e / 60, e % 60));
                            }
                        }
                    }
                }
            }
        }
        return res;
    }
}
