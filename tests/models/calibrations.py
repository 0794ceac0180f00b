"""A calibration with round numbers, for tests that use one."""

from themis_rm.models.calibration import Calibration, Coefficient, Curve, PairsRecord, own_weights_digest


def write_calibration(file, folder=None, labels=("FC", "none", "all")):
    """Write a calibration with slope 2 for pairs and 0.5 for responses, for the weights in a directory."""

    def coefficient(value):
        return Coefficient(value=value, low=value - 0.1, high=value + 0.1)

    curve = Curve(pairs=40, slope=coefficient(2.0), response_slope=coefficient(0.5), response_offset=0.25)
    calibration = Calibration(
        model="m",
        model_digest="d",
        weights_digest=own_weights_digest(folder) if folder else "",
        source=PairsRecord(name="pairs", digest="p", read=40, pairs=40, clusters=20),
        confidence_level=0.95,
        n_resamples=10,
        curves=dict.fromkeys(labels, curve),
    )
    calibration.save(file)
    return calibration
