"""Painted building blocks. They take tokens from the theme, never a colour of their own."""

from godploy_desktop.ui.widgets.buttons import Button, ButtonKind, Chip, IconButton, NavButton, SearchBox, Tabs
from godploy_desktop.ui.widgets.cards import Card, PropertyList, Section, StatCard
from godploy_desktop.ui.widgets.charts import ChartSeries, LineChart, Sparkline
from godploy_desktop.ui.widgets.choice_fields import YES, PathField, SecretField, SwitchField
from godploy_desktop.ui.widgets.choice_tiles import Choice, ChoiceTiles
from godploy_desktop.ui.widgets.dialogs import ConfirmDialog, DialogFrame, open_dialog_of
from godploy_desktop.ui.widgets.disclosure import Disclosure
from godploy_desktop.ui.widgets.fields import (
    CopyField,
    Field,
    FilterField,
    NumberField,
    PasswordField,
    Select,
    TextAreaField,
    TextField,
)
from godploy_desktop.ui.widgets.form import Form, are_valid, fields_in_use
from godploy_desktop.ui.widgets.layouts import CardGrid, clear, column, row
from godploy_desktop.ui.widgets.menus import MenuButton, MenuEntry, open_menu
from godploy_desktop.ui.widgets.panels import Banner, EmptyState, ErrorPanel, LoadingPanel, Skeleton, Toast
from godploy_desktop.ui.widgets.progress import Meter, ProgressBar, Spinner
from godploy_desktop.ui.widgets.rows_field import CELL_END, ROW_END, RowColumn, RowsField
from godploy_desktop.ui.widgets.scroll import ScrollArea, bring_into_sight
from godploy_desktop.ui.widgets.select_box import SelectBox
from godploy_desktop.ui.widgets.steps import StepLine, StepList, StepMark, duration_text
from godploy_desktop.ui.widgets.switches import CheckBox, Switch
from godploy_desktop.ui.widgets.table import Cell, Column, Row, Table
from godploy_desktop.ui.widgets.text import Dot, Icon, IconTile, Label, Line, Mark, Pill, Surface

__all__ = [
    "CELL_END",
    "ROW_END",
    "YES",
    "Banner",
    "Button",
    "ButtonKind",
    "Card",
    "CardGrid",
    "Cell",
    "ChartSeries",
    "CheckBox",
    "Chip",
    "Choice",
    "ChoiceTiles",
    "Column",
    "ConfirmDialog",
    "CopyField",
    "DialogFrame",
    "Disclosure",
    "Dot",
    "EmptyState",
    "ErrorPanel",
    "Field",
    "FilterField",
    "Form",
    "Icon",
    "IconButton",
    "IconTile",
    "Label",
    "Line",
    "LineChart",
    "LoadingPanel",
    "Mark",
    "MenuButton",
    "MenuEntry",
    "Meter",
    "NavButton",
    "NumberField",
    "PasswordField",
    "PathField",
    "Pill",
    "ProgressBar",
    "PropertyList",
    "Row",
    "RowColumn",
    "RowsField",
    "ScrollArea",
    "SearchBox",
    "SecretField",
    "Section",
    "Select",
    "SelectBox",
    "Skeleton",
    "Sparkline",
    "Spinner",
    "StatCard",
    "StepLine",
    "StepList",
    "StepMark",
    "Surface",
    "Switch",
    "SwitchField",
    "Table",
    "Tabs",
    "TextAreaField",
    "TextField",
    "Toast",
    "are_valid",
    "bring_into_sight",
    "clear",
    "column",
    "duration_text",
    "fields_in_use",
    "open_dialog_of",
    "open_menu",
    "row",
]
