from .errors import GlasshouseError as GlasshouseError
from .errors import ModelFileError as ModelFileError
from .errors import OptionError as OptionError
from .errors import TableError as TableError
from .errors import TrainingDiverged as TrainingDiverged
from .estimators.mlp import MLPClassifier as MLPClassifier
from .estimators.mlp import MLPRegressor as MLPRegressor
from .models.model import Model as Model
from .models.model import load as load
from .models.train import train as train
from .models.verbs import evaluate as evaluate
from .models.verbs import inspect as inspect
from .models.verbs import predict as predict

__version__: str
